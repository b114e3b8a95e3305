import { parseCookie } from "cookie";

/**
 * Most values of one name that are read. A browser sends one for each path and domain that has set it; what a client repeats
 * beyond that must not cost a decoding each.
 */
const MAX_VALUES = 10;

/**
 * The first values of two cookies in a `Cookie` header, each in the order of the header: a browser sends those of several paths
 * and domains, the closest path first.
 *
 * @param names Must differ.
 */
export function cookieValues(
	header: string,
	names: readonly [string, string]
): readonly [readonly string[], readonly string[]] {
	const found: [string[], string[]] = [[], []];
	for (let start = 0; start < header.length; ) {
		const semicolon = header.indexOf(";", start);
		const end = semicolon === -1 ? header.length : semicolon;
		const index = names.indexOf(nameOf(header, start, end));
		const values = found[index];
		if (values !== undefined && values.length < MAX_VALUES) {
			const value = parseCookie(header.slice(start, end))[names[index] as string];
			if (value !== undefined) values.push(value);
		}
		start = end + 1;
	}
	return found;
}

/** The name of the cookie in a part of a header; empty if it has none. */
function nameOf(header: string, start: number, end: number): string {
	const part = header.slice(start, end);
	const equals = part.indexOf("=");
	return equals === -1 ? "" : part.slice(0, equals).trim();
}
