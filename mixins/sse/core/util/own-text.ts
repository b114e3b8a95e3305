/** V8 copies parts that are shorter than this; longer parts of a text, and concatenated texts, are views. */
const SHORTEST_VIEW = 13;

/**
 * The same text in memory of its own. In V8 a part of a text is a view that keeps the whole alive: a session id keeps the 16 KB
 * header that it came in, an event name the URL. So every text that is remembered for long goes through this.
 */
export function ownText(text: string): string {
	if (text.length < SHORTEST_VIEW) return text;
	// Of all operations that leave a text as it is, only joining copies its characters.
	return [text.slice(0, 1), text.slice(1)].join("");
}
