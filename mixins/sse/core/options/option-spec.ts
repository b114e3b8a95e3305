/**
 * An option: its default, what it takes (the text of the error that refuses anything else) and its schema for Moleculer's
 * validator. README's tables are tested against these.
 */
export interface OptionSpec {
	readonly default: unknown;
	/** What the option takes, as the end of a sentence: "takes …". */
	readonly takes: string;
	/** A rule of fastest-validator, Moleculer's own. */
	readonly rule: Readonly<Record<string, unknown>>;
	/** A check that the schema cannot express; true if the value is right. */
	readonly check?: (value: never) => boolean;
	/** A function or a secret: never in `settings`, which Moleculer publishes to every node. */
	readonly private?: true;
	/** Not even shown in the error that refuses it. */
	readonly secret?: true;
}
