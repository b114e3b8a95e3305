/** V8 copies what is shorter than this; longer parts of a text, and sums of texts, are views. */
const SHORTEST_VIEW = 13;

/**
 * The same text in memory of its own. To V8 a part of a text is a view of the whole, and keeps it: a session id
 * keeps the header of 16 KB that it came in, an event name the URL. So what is remembered of a text takes this.
 */
export function ownText(text: string): string {
	if (text.length < SHORTEST_VIEW) return text;
	// Of all that leaves a text as it is, only joining writes its characters anew.
	return [text.slice(0, 1), text.slice(1)].join("");
}
