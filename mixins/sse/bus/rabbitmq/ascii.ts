/** JSON with escapes in place of all that is not ASCII: the number of its bytes is the number of its characters. */
export function ascii(json: string): string {
	return json.replace(/[\x7f-\uffff]/g, character => {
		return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
	});
}
