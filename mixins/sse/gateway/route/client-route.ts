import type { IncomingMessage, ServerResponse } from "node:http";
import { varyByEncoding } from "../request/compression.ts";
import { ClientFile } from "./client-file.ts";
import { addRoute, type MergedSchema } from "./route.ts";

/**
 * Appends a route that serves `moleculer-sse/client` to pages without a bundler.
 *
 * @throws SseError if the path is taken, or there is no file to serve.
 */
export function appendClientRoute(schema: MergedSchema, path: string): void {
	const file = new ClientFile();
	const serve = (
		request: IncomingMessage,
		response: ServerResponse,
		next: (error: unknown) => void
	): void => {
		const { encoding, etag, body } = file.for(request);
		response.setHeader("Content-Type", "text/javascript; charset=utf-8");
		response.setHeader("X-Content-Type-Options", "nosniff");
		// It is the same for everybody; a page of another origin may import it.
		response.setHeader("Access-Control-Allow-Origin", "*");
		response.setHeader("Cache-Control", "public, no-cache");
		response.setHeader("ETag", etag);
		varyByEncoding(response);
		if (isKnown(request.headers["if-none-match"], etag)) {
			response.writeHead(304).end();
			return;
		}
		if (encoding !== "identity") response.setHeader("Content-Encoding", encoding);
		const send = (bytes: Buffer): void => {
			response.setHeader("Content-Length", bytes.length);
			response.end(request.method === "HEAD" ? undefined : bytes);
		};
		body().then(send).catch(next);
	};
	addRoute(schema, "client", path, { "GET /": serve, "HEAD /": serve });
}

/** Whether a client has this version; a proxy may have made its tag weak (RFC 9110, 13.1.2). */
function isKnown(given: string | undefined, etag: string): boolean {
	return (given ?? "").split(",").some(tag => tag.trim().replace(/^W\//, "") === etag);
}
