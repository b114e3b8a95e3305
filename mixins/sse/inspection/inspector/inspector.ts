import type { ServerResponse } from "node:http";
import { AuthFailures, forbidden } from "../../gateway/auth/auth-failures.ts";
import { answer } from "../../gateway/request/plain-response.ts";
import { isSettled, noteStream } from "../../gateway/request/settled.ts";
import type {
	GatewayService,
	InspectorOptions,
	SseGatewayRequest,
	SseGatewayResponse
} from "../../gateway/types.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import { INDEX, type PageFile } from "./page-files.ts";
import { type Part, refuseOtherSites } from "./page-headers.ts";
import { PageStream } from "./page-stream.ts";
import { search } from "./search.ts";
import { Watch } from "./watch.ts";

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
	readonly #pages = new Set<PageStream>();
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
		return { watchers: this.#pages.size, isWatching: this.#watch.isRunning };
	}

	start(): void {
		this.#isStopped = false;
	}

	/** Ends the streams of all pages; a server that closes would wait for them. */
	stop(): void {
		this.#isStopped = true;
		for (const page of [...this.#pages]) page.end();
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
		if (request.method !== "GET" && request.method !== "HEAD") {
			response.setHeader("Allow", "GET, HEAD");
			const { method } = request;
			throw new SseError("SSE_METHOD_NOT_ALLOWED", "The inspector is read with GET.", { method });
		}
		refuseOtherSites(request, partOf(name));
		if (!(await this.#ask(request, response))) return;
		if (isSettled(request, response)) return;
		if (name === undefined) this.#page(request, response);
		else if (name === "stream") this.#stream(request, response);
		else if (name === "search") await this.#search(request, response);
		else this.#file(request, response, name);
	}

	/**
	 * Whether it is allowed.
	 *
	 * @throws SseError `SSE_FORBIDDEN` unless the application allows it; `SSE_INTERNAL` if it fails to answer.
	 */
	async #ask(request: SseGatewayRequest, response: SseGatewayResponse): Promise<boolean> {
		let allowed: boolean;
		try {
			// biome-ignore lint/style/noNonNullAssertion: set by moleculer-web before any handler runs
			allowed = await this.#authorize(request.$ctx!, request, response);
		} catch (error) {
			throw this.#failures.refusal("inspector.authorize", error);
		}
		// It may have answered by itself, for example with a redirect to a login page.
		if (allowed !== true && !isSettled(request, response)) throw forbidden("inspector.authorize");
		return allowed === true;
	}

	/** Its files' relative URLs are right only without a slash at the end. */
	#page(request: SseGatewayRequest, response: SseGatewayResponse): void {
		const [path = ""] = (request.originalUrl ?? request.url ?? "").split("?");
		if (!path.endsWith("/")) {
			this.#file(request, response, INDEX);
			return;
		}
		const [slashes = ""] = /\/+$/.exec(path) ?? [];
		const name = path.slice(0, -slashes.length).split("/").at(-1) ?? "";
		// Each slash is a folder to the browser.
		const up = "../".repeat(slashes.length);
		answer(request, response, 308, { Location: `${up}${name}` });
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

	/** A page beyond the limit gets a stream that ends at once, and says why, and when to come back. */
	#stream(request: SseGatewayRequest, response: SseGatewayResponse): void {
		const headers = { "Content-Type": "text/event-stream; charset=utf-8" };
		if (this.#isStopped || this.#pages.size >= MOST_OPEN) {
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
		noteStream(response);
		this.#pages.add(new PageStream(response, this.#watch, page => this.#pages.delete(page)));
	}
}

function partOf(name: string | undefined): Part {
	if (name === undefined) return "page";
	return name === "stream" || name === "search" ? name : "file";
}
