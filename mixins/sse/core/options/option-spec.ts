/**
 * An option, written once: its type, its default, what it takes, the error that refuses anything else, and its documentation.
 * `npm run docs:options` writes the tables of docs/reference/options.md and the docstrings of the option types from it.
 */
export interface OptionSpec<in out Value> {
	/** Applies if the option is left out. Without this and `otherwise`, the option is required. */
	readonly default?: Value | undefined;
	/** A default that is not a value, in words and for the documents only: "any name". */
	readonly otherwise?: string | undefined;
	/** The value that turns the option off. */
	readonly off?: Value | undefined;
	/** What 0 means ("never"), and what null means ("no route"), if the option takes them. */
	readonly zero?: string | undefined;
	readonly nothing?: string | undefined;
	/** What the option is: a Markdown sentence that starts in lower case and has no full stop. */
	readonly about: string;
	/** What its number counts: "bytes", "milliseconds". */
	readonly unit?: string | undefined;
	/** What the option takes: the end of the sentence that refuses anything else, "takes …". */
	readonly takes: string;
	/** The same, as part of the sentence about its group: "1,024 or more". */
	readonly range: string;
	/** A rule of fastest-validator, Moleculer's own. */
	readonly rule: Readonly<Record<string, unknown>>;
	/** A check that the rule cannot express; returns true if the value is right. Not called with undefined. */
	readonly check?: ((value: Value) => boolean) | undefined;
	/** The options of a group. Those that are left out keep their defaults. */
	readonly fields?: Readonly<Record<string, AnySpec>> | undefined;
	/** A function or a secret: not allowed in `settings`, which Moleculer publishes to every node. */
	readonly private?: true | undefined;
	/** Not shown even in the error that refuses it. */
	readonly secret?: true | undefined;
}

/** A spec of any type. */
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
 * The specs of all options of a type, each for exactly the option's type: if one of them allows a value that the other does
 * not, it does not compile. An option that may be undefined needs a spec that is `optional`.
 */
export type OptionSpecs<Options> = {
	readonly [Name in keyof Options]-?: IsGroup<Options[Name]> extends true
		? GroupSpec<Options[Name]>
		: OptionSpec<Options[Name]>;
};

/** Whether a type is a group: not a list, a function, or an object with arbitrary keys. */
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

/** Options as an application gives them: what it leaves out keeps its default, in groups too. */
export type Given<Options> = {
	[Name in keyof Options]?: IsGroup<Options[Name]> extends true
		? GivenGroup<Options[Name]>
		: Options[Name];
};

type GivenGroup<Group> = Group extends object ? Partial<Group> : Group;
