import { SseError } from "../moleculer/sse-error.ts";
import { resolveSession, type Session } from "./session.ts";
import type {
	GatewayOptions,
	GatewayRequest,
	GatewayResponse,
	GatewayService,
	StreamAccess
} from "./types.ts";

/** Who a request is, and what it may stream: the application's two answers. */
export class Access {
	readonly #options: Pick<GatewayOptions, "session" | "authorize">;
	readonly #service: GatewayService;
	readonly #resolutions = new WeakMap<GatewayRequest, Promise<Session | null>>();

	constructor(options: Pick<GatewayOptions, "session" | "authorize">, service: GatewayService) {
		this.#options = options;
		this.#service = service;
	}

	/**
	 * The session of a request, the same for streams and API calls; null without one.
	 *
	 * @throws SseError `SSE_INTERNAL` if the resolver fails; the reason is in the log.
	 */
	session(request: GatewayRequest, response: GatewayResponse): Promise<Session | null> {
		// Once a request: asked twice, a client without a cookie would be given two sessions.
		let resolution = this.#resolutions.get(request);
		if (resolution === undefined) {
			resolution = resolveSession(this.#options.session, request, response).catch(error => {
				throw this.#failed("session", error);
			});
			this.#resolutions.set(request, resolution);
		}
		return resolution;
	}

	/**
	 * @throws SseError `SSE_FORBIDDEN` unless the application allows it; `SSE_INTERNAL` if it cannot say.
	 */
	async authorize(access: StreamAccess): Promise<void> {
		const { authorize } = this.#options;
		if (authorize === undefined) return;
		let allowed: boolean;
		try {
			// biome-ignore lint/style/noNonNullAssertion: set by moleculer-web before any handler runs
			allowed = await authorize(access.req.$ctx!, access);
		} catch (error) {
			throw this.#failed("authorize", error);
		}
		if (allowed !== true) {
			throw new SseError("SSE_FORBIDDEN", "This session may not open that stream.");
		}
	}

	/** The reason stays in the log; the client learns only that it was not the client's fault. */
	#failed(option: string, error: unknown): SseError {
		this.#service.logger.error(`SSE: "${option}" failed, the request is refused.`, error);
		return new SseError("SSE_INTERNAL", "The stream cannot be opened now.");
	}
}

export function noSession(): SseError {
	return new SseError("SSE_UNAUTHORIZED", "A stream needs a session.");
}
