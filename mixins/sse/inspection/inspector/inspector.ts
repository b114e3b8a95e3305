import type { ServerResponse } from "node:http";
import { AuthFailures, forbidden } from "../../gateway/auth/auth-failures.ts";
import type {
	GatewayService,
	InspectorOptions,
	SseGatewayRequest,
	SseGatewayResponse
} from "../../gateway/types.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import { INDEX, type PageFile } from "./page-files.ts";
import { type Part, refuseOtherSites, setHeaders } from "./page-headers.ts";
import { search } from "./search.ts";
import { Watch } from "./watch.ts";
import { Watcher } from "./watcher.ts";

/** Open pages of a gateway; more have to wait. */
const MOST_OPEN = 10;
/** Searches that run at once. */
const MOST_SEARCHES = 4;

/** Serves the inspector of one gateway: the page and its files, its stream, and its search. */
export class Inspector {
	readonly #authorize: InspectorOptions["authorize"];
	readonly #files: ReadonlyMap<string, PageFile>;
	readonly #service: GatewayService;
	readonly #failures: AuthFailures;
	readonly #watch: Watch;
	readonly #watchers = new Set<Watcher>();
	#searches = 0;
	#isStopped = false;

	constructor(
		{ authorize }: InspectorOptions,
		files: ReadonlyMap<string, PageFile>,
		service: GatewayService
	) {
		this.#authorize = authorize;
		this.#files = files;
		this.#service = service;
		this.#failures = new AuthFailures(service);
		this.#watch = new Watch(service.broker);
	}

	/** Number of open pages, and whether anything is gathered for them; for tests. */
	get held(): { watchers: number; isWatching: boolean } {
		return { watchers: this.#watchers.size, isWatching: this.#watch.isRunning };
	}

	start(): void {
		this.#isStopped = false;
	}

	/** Ends the streams of all pages; a server that closes would wait for them. */
	stop(): void {
		this.#isStopped = true;
		for (const watcher of [...this.#watchers]) watcher.end();
		this.#watch.stop();
	}

	/**
	 * Answers a request that has passed moleculer-web's own pipeline.
	 *
	 * @param name What is asked for below the page's path; undefined = the page.
	 * @throws SseError if the request is refused; nothing has been written then.
	 */
	async serve(
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		name: string | undefined
	): Promise<void> {
		setHeaders(response);
		if (request.method !== "GET" && request.method !== "HEAD") {
			response.setHeader("Allow", "GET, HEAD");
			const { method } = request;
			throw new SseError("SSE_METHOD_NOT_ALLOWED", "The inspector is read with GET.", { method });
		}
		refuseOtherSites(request, partOf(name));
		await this.#ask(request, response);
		if (response.headersSent || response.destroyed) return;
		if (name === undefined) this.#page(request, response);
		else if (name === "stream") this.#stream(request, response);
		else if (name === "search") await this.#search(request, response);
		else this.#file(request, response, name);
	}

	/** @throws SseError `SSE_FORBIDDEN` unless the application allows it; `SSE_INTERNAL` if it fails to answer. */
	async #ask(request: SseGatewayRequest, response: SseGatewayResponse): Promise<void> {
		let allowed: boolean;
		try {
			// biome-ignore lint/style/noNonNullAssertion: set by moleculer-web before any handler runs
			allowed = await this.#authorize(request.$ctx!, request, response);
		} catch (error) {
			throw this.#failures.refusal("inspector.authorize", error);
		}
		if (allowed !== true) throw forbidden("inspector.authorize");
	}

	/** Its files' relative URLs are right only without a slash at the end. */
	#page(request: SseGatewayRequest, response: SseGatewayResponse): void {
		const [path = ""] = (request.originalUrl ?? request.url ?? "").split("?");
		if (!path.endsWith("/")) {
			this.#file(request, response, INDEX);
			return;
		}
		const name = path.replace(/\/+$/, "").split("/").at(-1) ?? "";
		answer(request, response, 308, { Location: `../${name}` });
	}

	#file(request: SseGatewayRequest, response: SseGatewayResponse, name: string): void {
		const file = this.#files.get(name);
		if (file === undefined) answer(request, response, 404, {});
		else answer(request, response, 200, { "Content-Type": file.type }, file.body);
	}

	async #search(request: SseGatewayRequest, response: SseGatewayResponse): Promise<void> {
		if (this.#searches >= MOST_SEARCHES) {
			answer(request, response, 503, { "Retry-After": "1" });
			return;
		}
		this.#searches++;
		try {
			const found = await search(this.#service.broker, request);
			const headers = { "Content-Type": "application/json; charset=utf-8" };
			answer(request, response, 200, headers, Buffer.from(JSON.stringify(found)));
		} finally {
			this.#searches--;
		}
	}

	/** A page beyond the limit gets a stream that ends at once: EventSource comes back after nothing else. */
	#stream(request: SseGatewayRequest, response: SseGatewayResponse): void {
		const headers = { "Content-Type": "text/event-stream; charset=utf-8" };
		if (this.#isStopped || this.#watchers.size >= MOST_OPEN) {
			const event = this.#isStopped ? "stopping" : "full";
			const text = `retry: 5000\nevent: ${event}\ndata: ${MOST_OPEN}\n\n`;
			answer(request, response, 200, headers, Buffer.from(text));
			return;
		}
		if (request.method === "HEAD") {
			answer(request, response, 200, headers);
			return;
		}
		(response as ServerResponse).writeHead(200, headers);
		this.#watchers.add(
			new Watcher(response, this.#watch, watcher => this.#watchers.delete(watcher))
		);
	}
}

function partOf(name: string | undefined): Part {
	if (name === undefined) return "page";
	return name === "stream" || name === "search" ? "data" : "file";
}

/** A response of either protocol: TypeScript resolves no overloads of a union. */
function answer(
	{ method }: SseGatewayRequest,
	response: SseGatewayResponse,
	status: number,
	headers: Readonly<Record<string, string>>,
	body: Buffer = Buffer.alloc(0)
): void {
	if (response.headersSent || response.destroyed) return;
	const plain = response as ServerResponse;
	plain.writeHead(status, { ...headers, "Content-Length": String(body.byteLength) });
	if (method === "HEAD") plain.end();
	else plain.end(body);
}
