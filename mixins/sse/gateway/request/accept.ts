/** The media ranges that include a stream, more precise ones last. */
const RANGES = ["*", "*/*", "text/*", "text/event-stream"];

/**
 * Whether an `Accept` header admits `text/event-stream`: the most precise of its ranges counts (RFC 9110, 12.5.1).
 *
 * Parameters are ignored: clients write a `charset`, which a stream need not have. An empty header admits everything, like a
 * missing one, and so does a lone `*`, which old clients send.
 */
export function admitsStream(accept = ""): boolean {
	if (accept.trim() === "") return true;
	let best = { precision: -1, weight: 0 };
	for (const range of split(accept, ",")) {
		const [name = "", ...parameters] = split(range, ";");
		const precision = RANGES.indexOf(name.trim().toLowerCase());
		if (precision === -1 || precision < best.precision) continue;
		const weight = weightOf(parameters);
		// Among ranges that differ only in their parameters, the best weight counts.
		if (precision > best.precision || weight > best.weight) best = { precision, weight };
	}
	return best.weight > 0;
}

/** 1 if none is given, or one that is not a number. */
function weightOf(parameters: readonly string[]): number {
	for (const parameter of parameters) {
		const [name = "", value = ""] = parameter.split("=");
		if (name.trim().toLowerCase() !== "q") continue;
		const weight = Number.parseFloat(value);
		return Number.isNaN(weight) ? 1 : weight;
	}
	return 1;
}

/** The parts between separators that are outside quoted strings. */
function split(text: string, separator: string): string[] {
	const parts: string[] = [];
	let start = 0;
	let isQuoted = false;
	for (let at = 0; at < text.length; at++) {
		const character = text[at];
		if (isQuoted && character === "\\") at++;
		else if (character === '"') isQuoted = !isQuoted;
		else if (character === separator && !isQuoted) {
			parts.push(text.slice(start, at));
			start = at + 1;
		}
	}
	parts.push(text.slice(start));
	return parts;
}
