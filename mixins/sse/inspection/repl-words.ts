/** What was typed after a verb: words, flags with a value (`--session abc`, `--session=abc`), and flags without one. */
export interface ReplWords {
	readonly words: readonly string[];
	readonly values: Readonly<Record<string, string>>;
	readonly flags: ReadonlySet<string>;
}

/** What a verb accepts. */
export interface ReplSyntax {
	readonly usage: string;
	/** Least and most number of words; default: none. */
	readonly words?: readonly [least: number, most: number];
	/** Flags with a value. */
	readonly values?: readonly string[];
	readonly flags?: readonly string[];
}

/** Parses what was typed. @returns A text if it is wrong: the fault and the usage. */
export function readWords(
	typed: readonly string[],
	{ usage, words: [least, most] = [0, 0], values = [], flags = [] }: ReplSyntax
): ReplWords | string {
	const found = {
		words: [] as string[],
		values: {} as Record<string, string>,
		flags: new Set<string>()
	};
	const wrong = (what: string): string => `${what} Usage: ${usage}`;
	for (let index = 0; index < typed.length; index++) {
		const word = typed[index] as string;
		const [, name = "", , value] = /^--([a-z]+)(=(.*))?$/s.exec(word) ?? [];
		if (values.includes(name)) {
			const given = value ?? typed[++index];
			if (given === undefined || given === "") return wrong(`"--${name}" takes a value.`);
			found.values[name] = given;
		} else if (flags.includes(name) && value === undefined) {
			found.flags.add(name);
		} else if (word.startsWith("--")) {
			return wrong(`"${word}" is unknown.`);
		} else {
			found.words.push(word);
		}
	}
	if (found.words.length < least) return wrong("Something is missing.");
	if (found.words.length > most) return wrong("Too many words.");
	return found;
}
