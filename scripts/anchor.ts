/** The anchor that git hosts give to a heading, as plain text. The site gives the same, so that a link holds on both. */
export function anchorOf(heading: string): string {
	return heading
		.trim()
		.toLowerCase()
		.replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
		.replaceAll(" ", "-");
}
