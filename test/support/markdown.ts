/** A fenced block of a Markdown document. */
export interface CodeBlock {
	/** `js`, `html`, … */
	readonly language: string;
	/** The block's file, if its first line is a comment that names it: `// services/api.service.js`. */
	readonly path: string | undefined;
	/** Its text, including the comment. */
	readonly code: string;
}

const FENCE = /^```(\w*)\n(.*?)^```$/gms;
const PATH_COMMENT = /^(?:\/\/|<!--) (\S+\.\w+)\b/;

/** All fenced blocks, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
	return [...markdown.matchAll(FENCE)].map(([, language = "", code = ""]) => ({
		language,
		path: PATH_COMMENT.exec(code)?.[1],
		code
	}));
}

/** The code after a mark, `<!-- snippet: name -->`. Throws if there is none. */
export function snippetOf(markdown: string, name: string): string {
	const [, rest = ""] = markdown.split(`<!-- snippet: ${name} -->`);
	const [block] = codeBlocks(rest);
	if (block === undefined) throw new Error(`no snippet "${name}"`);
	return block.code;
}

/** The document without its fenced blocks: nothing in them is a heading, a link or a table. */
export function prose(markdown: string): string {
	return markdown.replaceAll(FENCE, "");
}

/** A link or an image. */
export interface Link {
	/** As written: `docs/protocol.md#9-the-rabbitmq-stream`. */
	readonly target: string;
	/** The file's path from the document's folder; empty for the document itself. */
	readonly path: string;
	readonly anchor: string | undefined;
}

/** All links and images, without those that lead elsewhere (`https:`, `mailto:`). */
export function links(markdown: string): Link[] {
	const plain = prose(markdown).replaceAll(/(`+)[^`].*?\1/gs, "");
	const found = [
		...plain.matchAll(/\]\(<?([^)\s>]+)/g),
		...plain.matchAll(/^\[[^\]]+\]: +(\S+)/gm),
		...plain.matchAll(/\b(?:href|src)="([^"]+)"/g)
	];
	return found
		.map(([, target = ""]) => target)
		.filter(target => !/^[a-z]+:/.test(target))
		.map(target => {
			const [file = "", anchor] = target.split("#");
			return { target, path: decodeURIComponent(file), anchor };
		});
}

/** The content below a heading, without the headings below it. Throws if there is none. */
export function section(markdown: string, heading: string): string {
	const lines = markdown.split("\n");
	const start = lines.findIndex(line => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
	if (start < 0) throw new Error(`no section "${heading}"`);
	let fenced = false;
	const body = lines.slice(start + 1);
	const end = body.findIndex(line => {
		if (line.startsWith("```")) fenced = !fenced;
		return !fenced && /^#+ /.test(line);
	});
	return body.slice(0, end < 0 ? undefined : end).join("\n");
}

/** The rows of the first table, without its head; each as its cells. */
export function tableRows(markdown: string): string[][] {
	const [table] = /(?:^\|.*\n?)+/m.exec(markdown) ?? [""];
	return table
		.split("\n")
		.filter(line => line.startsWith("|"))
		.slice(2)
		.map(line =>
			line
				.split(/(?<!\\)\|/)
				.slice(1, -1)
				.map(cell => cell.trim().replaceAll("\\|", "|"))
		);
}
