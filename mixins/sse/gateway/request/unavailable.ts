import { lineOf, stackOf } from "../../core/errors/guard.ts";
import { isFault } from "../../core/errors/transient.ts";
import { closeFrame } from "../../core/event/control-events.ts";
import { RetryWaits } from "../../core/limits/retry-waits.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import { answerAndHangUp, answerBriefly } from "../../http/answer.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import { type AddressReader, addressReader } from "../limits/address.ts";
import type {
	GatewayOptions,
	GatewayService,
	SseGatewayRequest,
	SseGatewayResponse
} from "../types.ts";
import { drawRetry } from "./jitter.ts";
import { readRequest } from "./request.ts";
import { isSettled } from "./response.ts";
import { retryAfter } from "./retry-after.ts";
import type { StreamRefusals } from "./stream-refusals.ts";

/** Where the option `retry` is off: without a `retry:` browsers keep to the last one that they were given. */
const RANGE = [2000, 5000] as const;
/** Milliseconds for which a refusal makes the waits of those after it longer. */
const WINDOW = 10_000;
/** Milliseconds by which each of them does, and all of them at most; what is added is half of it or more. */
const STEP = 500;
const MAX_GROWTH = 5000;
/** Longest time, in milliseconds, that clients are kept away because something says so. */
const MAX_AFTER = 300_000;

/** Headers of a body that somebody has prepared, and that is not sent. */
const OF_ANOTHER_BODY = [
	"Content-Length",
	"Content-Encoding",
	"Content-Range",
	"Transfer-Encoding",
	"ETag",
	"Last-Modified"
];

/** What is asked of the gateway. */
export interface StoppingGateway {
	/** Whether it takes new streams. */
	isReady(): boolean;
	/** Milliseconds for which who comes back finds nobody, because it stops. */
	timeLeft(): number;
}

/** Sends clients away whose streams cannot be opened for a reason that passes by itself. */
export class Unavailable {
	readonly #options: GatewayOptions;
	readonly #gateway: StoppingGateway;
	readonly #service: GatewayService;
	readonly #refusedStreams: StreamRefusals;
	readonly #addressOf: AddressReader;
	readonly #retryWaits = new RetryWaits();
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
		this.#addressOf = addressReader(options.trustProxy);
		this.#faults = new ThrottledLog(text => service.logger.error(text));
		this.#refusals = new ThrottledLog(text => service.logger.warn(text));
	}

	/** Whether what passes by itself is answered here. */
	get isOn(): boolean {
		return this.#options.refusals === "stream";
	}

	/**
	 * Whether a stream's request is to be answered here: one that is refused for good in any case need not come back.
	 *
	 * @param ofAlias As of {@link readRequest}.
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
	 * Answers with a stream that ends at once, and puts the reason into the log.
	 *
	 * @param response Nothing of it has been sent.
	 * @param thrown The reason. The client is not told.
	 */
	answer(request: SseGatewayRequest, response: SseGatewayResponse, thrown: unknown): void {
		this.#log(thrown);
		const after = Math.min(this.#after(thrown, request, response), MAX_AFTER);
		const retry = this.#wait(request, Math.max(after, this.#gateway.timeLeft()));
		// A session of HTTP/2 would keep a node from stopping.
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

	/** As {@link retryAfter}; what cannot be read tells nothing. */
	#after(thrown: unknown, request: SseGatewayRequest, response: SseGatewayResponse): number {
		try {
			return retryAfter(causeOf(thrown), request, response);
		} catch (error) {
			this.report(error);
			return 0;
		}
	}

	/** Something has failed where no answer can tell it any more. */
	report(thrown: unknown): void {
		this.#faults.add(
			`SSE: something in a stream's route failed after the request was answered: ${stackOf(thrown)}`
		);
	}

	/**
	 * Most such reasons pass within seconds, so that the wait is drawn from the range of any stream. What makes it longer
	 * is the number of refusals of the same address, by which neither a crowd nor a short range becomes a hot loop.
	 */
	#wait(request: SseGatewayRequest, after: number): number {
		const now = performance.now();
		const address = this.#addressOf(request) ?? "unknown";
		const growth = Math.min(this.#retryWaits.waiting(address, now) * STEP, MAX_GROWTH);
		this.#retryWaits.told(address, now + WINDOW, now);
		const drawn = drawRetry(this.#options.retry ?? RANGE) ?? 0;
		return Math.round(after + drawn + (growth * (1 + Math.random())) / 2);
	}

	#log(thrown: unknown): void {
		// It has been told where the reason was known.
		if (thrown instanceof SseError && thrown.type === "SSE_INTERNAL") return;
		const text = "SSE: a stream cannot be opened now; the client is told to come back";
		if (isFault(thrown)) this.#faults.add(`${text}: ${stackOf(thrown)}`);
		else this.#refusals.add(`${text}: ${lineOf(thrown)}`);
	}
}

/** What has led to an error of the plugin's own. */
function causeOf(thrown: unknown): unknown {
	return thrown instanceof SseError ? (thrown.cause ?? thrown) : thrown;
}
