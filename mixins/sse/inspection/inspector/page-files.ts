import { existsSync, readdirSync, readFileSync } from "node:fs";
import { SseError } from "../../moleculer/sse-error.ts";

/** A file of the page. */
export interface PageFile {
	readonly type: string;
	readonly body: Buffer;
}

/** Where the files are: in the package, beside its built code, and in a clone. */
const FOLDERS = ["../inspector/", "../../../../inspector/"];
export const INDEX = "index.html";
/** In the page, stands for what its other files' relative URLs begin with. */
const BASE = "{{base}}";

const TYPES: Readonly<Record<string, string>> = {
	html: "text/html; charset=utf-8",
	css: "text/css; charset=utf-8",
	js: "text/javascript; charset=utf-8",
	svg: "image/svg+xml"
};

/**
 * Reads the files of the page, by their names.
 *
 * @param path The page's path: its files are below it, and its URL has no slash at the end.
 * @throws SseError if there are none.
 */
export function readPageFiles(path: string): ReadonlyMap<string, PageFile> {
	const folder = FOLDERS.map(name => new URL(name, import.meta.url)).find(url =>
		existsSync(new URL(INDEX, url))
	);
	if (folder === undefined) {
		throw new SseError(
			"SSE_INVALID_OPTION",
			'SseMixin(): option "inspector" has nothing to serve: the package\'s folder "inspector" is missing; a bundler ' +
				"must leave the package in node_modules.",
			{ option: "inspector" }
		);
	}
	const base = path.slice(path.lastIndexOf("/") + 1);
	const files = readdirSync(folder).map(name => {
		const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
		const body = readFileSync(new URL(name, folder));
		const isIndex = name === INDEX;
		return [name, { type, body: isIndex ? withBase(body, base) : body }] as const;
	});
	return new Map(files);
}

function withBase(page: Buffer, base: string): Buffer {
	return Buffer.from(page.toString().replaceAll(BASE, base));
}
