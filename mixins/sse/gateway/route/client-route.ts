import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { SseError } from "../../moleculer/sse-error.ts";
import { addRoute, type MergedSchema } from "./route.ts";

/** Where the client's file is: beside the package's own code, or, in a clone, where a build has put it. */
const FILES = ["./client.js", "../../../../dist/client.js"];

/**
 * Appends a route that serves `moleculer-sse/client` to pages without a bundler.
 *
 * @throws SseError if the path is taken, or there is no file to serve.
 */
export function appendClientRoute(schema: MergedSchema, path: string): void {
	const code = readClient();
	const etag = `"${createHash("sha256").update(code).digest("base64url").slice(0, 22)}"`;
	const serve = (request: IncomingMessage, response: ServerResponse): void => {
		response.setHeader("Content-Type", "text/javascript; charset=utf-8");
		response.setHeader("X-Content-Type-Options", "nosniff");
		// It is the same for everybody; a page of another origin may import it.
		response.setHeader("Access-Control-Allow-Origin", "*");
		response.setHeader("Cache-Control", "public, no-cache");
		response.setHeader("ETag", etag);
		if (isKnown(request.headers["if-none-match"], etag)) response.writeHead(304).end();
		else response.end(request.method === "HEAD" ? undefined : code);
	};
	addRoute(schema, "client", path, { "GET /": serve, "HEAD /": serve });
}

/** The code, without the line that refers to its source map, which is not served. */
function readClient(): string {
	const file = FILES.map(name => new URL(name, import.meta.url)).find(url => existsSync(url));
	if (file === undefined) {
		throw new SseError(
			"SSE_INVALID_OPTION",
			'SseMixin(): option "client" has nothing to serve: there is no dist/client.js; in a clone, npm run build:client ' +
				"makes it.",
			{ option: "client" }
		);
	}
	return readFileSync(file, "utf8").replace(/\n\/\/# sourceMappingURL=\S*\s*$/, "\n");
}

/** Whether a client has this version; a proxy may have made its tag weak (RFC 9110, 13.1.2). */
function isKnown(given: string | undefined, etag: string): boolean {
	return (given ?? "").split(",").some(tag => tag.trim().replace(/^W\//, "") === etag);
}
