/**
 * An option, written once: its type, its default, what it takes, the error that refuses anything else, and what the
 * documents say of it. The tables of docs/reference/options.md and the docstrings of the options' types are written from it, by
 * `npm run docs:options`.
 */
export interface OptionSpec<in out Value> {
	/** Applies if the option is left out. If there is neither this nor `otherwise`, it is required. */
	readonly default?: Value | undefined;
	/** In place of a default that is no value, for the documents alone: "any name". */
	readonly otherwise?: string | undefined;
	/** The value that turns the option off. */
	readonly off?: Value | undefined;
	/** What 0 means ("never"), and what null means ("no route"), if the option takes them. */
	readonly zero?: string | undefined;
	readonly nothing?: string | undefined;
	/** What the option is: a sentence in Markdown that starts in lower case, without its full stop. */
	readonly about: string;
	/** What its number counts: "bytes", "milliseconds". */
	readonly unit?: string | undefined;
	/** What the option takes, as the end of the sentence that refuses anything else: "takes …". */
	readonly takes: string;
	/** The same, as a part of the sentence about its group: "1,024 or more". */
	readonly range: string;
	/** A rule of fastest-validator, Moleculer's own. */
	readonly rule: Readonly<Record<string, unknown>>;
	/** A check that the rule cannot express; true if the value is right. Not called with undefined. */
	readonly check?: ((value: Value) => boolean) | undefined;
	/** The options of a group. The ones that are left out keep their defaults. */
	readonly fields?: Readonly<Record<string, AnySpec>> | undefined;
	/** A function or a secret: never in `settings`, which Moleculer publishes to every node. */
	readonly private?: true | undefined;
	/** Not even shown in the error that refuses it. */
	readonly secret?: true | undefined;
}

/** A spec of whatever type. */
export interface AnySpec extends Omit<OptionSpec<never>, "default" | "off" | "check"> {
	readonly default?: unknown;
	readonly off?: unknown;
	readonly check?: ((value: never) => boolean) | undefined;
}

/** A group of options, such as `buffer`: an object type with fields of its own. */
export interface GroupSpec<in out Group> extends OptionSpec<Group> {
	readonly fields: OptionSpecs<NonNullable<Group>>;
}

/**
 * The specs of all options of a type, each of exactly the option's type: a value that the type allows and the spec
 * does not, or the other way round, does not compile. An option that may be undefined needs a spec that is `optional`.
 */
export type OptionSpecs<Options> = {
	readonly [Name in keyof Options]-?: IsGroup<Options[Name]> extends true
		? GroupSpec<Options[Name]>
		: OptionSpec<Options[Name]>;
};

/** Whether a type is a group: neither a list nor a function, nor an object of any keys. */
type IsGroup<Value> = true extends (
	Value extends object
		? Value extends readonly unknown[] | ((...args: never[]) => unknown)
			? false
			: string extends keyof Value
				? false
				: true
		: false
)
	? true
	: false;

/** Options as an application gives them: what it leaves out keeps its default, in a group too. */
export type Given<Options> = {
	[Name in keyof Options]?: IsGroup<Options[Name]> extends true
		? GivenGroup<Options[Name]>
		: Options[Name];
};

type GivenGroup<Group> = Group extends object ? Partial<Group> : Group;
