import { lineOf, stackOf } from "../../core/errors/guard.ts";
import { isFault } from "../../core/errors/transient.ts";
import { closeFrame } from "../../core/event/control-events.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import { answerAndHangUp, answerBriefly } from "../../http/answer.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type {
	GatewayOptions,
	GatewayService,
	SseGatewayRequest,
	SseGatewayResponse
} from "../types.ts";
import { isProbe, readRequest } from "./request.ts";
import { retryAfter } from "./retry-after.ts";
import { isSettled } from "./settled.ts";
import type { StreamRefusals } from "./stream-refusals.ts";
import { UnavailableWait } from "./unavailable-wait.ts";

/** Headers of a body that other code has prepared, and that is not sent. */
const OF_ANOTHER_BODY = [
	"Content-Length",
	"Content-Encoding",
	"Content-Range",
	"Transfer-Encoding",
	"ETag",
	"Last-Modified"
];

/** What is needed of the gateway. */
export interface StoppingGateway {
	/** Whether it takes new streams. */
	isReady(): boolean;
	/** Milliseconds for which a returning client finds no gateway, because this one stops. */
	timeLeft(): number;
}

/** Sends clients away whose streams cannot be opened for a temporary reason. */
export class Unavailable {
	readonly #options: GatewayOptions;
	readonly #gateway: StoppingGateway;
	readonly #service: GatewayService;
	readonly #refusedStreams: StreamRefusals;
	readonly #wait: UnavailableWait;
	readonly #faults: ThrottledLog;
	readonly #refusals: ThrottledLog;

	constructor(
		options: GatewayOptions,
		service: GatewayService,
		gateway: StoppingGateway,
		refusals: StreamRefusals
	) {
		this.#refusedStreams = refusals;
		this.#options = options;
		this.#gateway = gateway;
		this.#service = service;
		this.#wait = new UnavailableWait(options);
		this.#faults = new ThrottledLog(text => service.logger.error(text));
		this.#refusals = new ThrottledLog(text => service.logger.warn(text));
	}

	/** Whether temporary failures are answered here. */
	get isOn(): boolean {
		return this.#options.refusals === "stream";
	}

	/**
	 * Whether a stream's request is answered here: if it would be refused for good in any case, its client need not come back.
	 *
	 * @param ofAlias See {@link readRequest}.
	 */
	takes(
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		ofAlias?: readonly string[]
	): boolean {
		if (isSettled(request, response)) return false;
		try {
			readRequest(request, response, this.#options, ofAlias);
			return true;
		} catch {
			return false;
		}
	}

	/**
	 * Answers with a stream that ends at once, and logs the reason.
	 *
	 * @param response Nothing of it has been sent.
	 * @param thrown The reason. The client is not told.
	 */
	answer(request: SseGatewayRequest, response: SseGatewayResponse, thrown: unknown): void {
		this.#log(request, thrown);
		const after = this.#after(thrown, request, response);
		const retry = this.#wait.draw(request, after, this.#gateway.timeLeft());
		// An HTTP/2 session would keep a node from stopping.
		const answer = this.#gateway.isReady() ? answerBriefly : answerAndHangUp;
		try {
			for (const name of OF_ANOTHER_BODY) response.removeHeader(name);
			answer(response, closeFrame("unavailable", retry));
			this.#refusedStreams.count(request, "unavailable");
			this.#service.logResponse?.(request, response);
		} catch (error) {
			this.report(error);
			response.destroy();
		}
	}

	/** Like {@link retryAfter}; if it cannot be read, nothing is known. */
	#after(thrown: unknown, request: SseGatewayRequest, response: SseGatewayResponse): number {
		try {
			return retryAfter(causeOf(thrown), request, response);
		} catch (error) {
			this.report(error);
			return 0;
		}
	}

	/** Something has failed when it was too late for an answer. */
	report(thrown: unknown): void {
		this.#faults.add(
			`SSE: something in a stream's route failed after the request was answered: ${stackOf(thrown)}`
		);
	}

	#log(request: SseGatewayRequest, thrown: unknown): void {
		// It has been logged where the reason was known.
		if (thrown instanceof SseError && thrown.type === "SSE_INTERNAL") return;
		const text = "SSE: a stream cannot be opened now; the client is told to come back";
		if (isFault(thrown)) this.#faults.add(`${text}: ${stackOf(thrown)}`);
		else if (!isProbe(request)) this.#refusals.add(`${text}: ${lineOf(thrown)}`);
	}
}

/** The cause of one of the plugin's own errors. */
function causeOf(thrown: unknown): unknown {
	return thrown instanceof SseError ? (thrown.cause ?? thrown) : thrown;
}
