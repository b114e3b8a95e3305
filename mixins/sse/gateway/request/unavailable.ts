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
import { isProbe, readRequest } from "./request.ts";
import { isSettled } from "./response.ts";
import { retryAfter } from "./retry-after.ts";
import type { StreamRefusals } from "./stream-refusals.ts";

/** Used if the option `retry` is off: without a `retry:` browsers keep the last one that they were given. */
const RANGE = [2000, 5000] as const;
/** Milliseconds for which a refusal lengthens the waits of those after it. */
const WINDOW = 10_000;
/** Milliseconds that each of them adds, and that all of them add at most; the wait grows by half of that or more. */
const STEP = 500;
const MAX_GROWTH = 5000;
/** Longest time, in milliseconds, for which clients are kept away because a source such as `Retry-After` asks for it. */
const MAX_AFTER = 300_000;

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
		const after = Math.min(this.#after(thrown, request, response), MAX_AFTER);
		const retry = this.#wait(request, Math.max(after, this.#gateway.timeLeft()));
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

	/**
	 * Most such reasons pass within seconds, so the wait is drawn from the same range as for any stream. It grows with the
	 * number of refusals of the same address, so that neither a crowd nor a short range becomes a hot loop.
	 */
	#wait(request: SseGatewayRequest, after: number): number {
		const now = performance.now();
		const address = this.#addressOf(request) ?? "unknown";
		const growth = Math.min(this.#retryWaits.waiting(address, now) * STEP, MAX_GROWTH);
		if (!isProbe(request)) this.#retryWaits.told(address, now + WINDOW, now);
		const drawn = drawRetry(this.#options.retry ?? RANGE) ?? 0;
		return Math.round(after + drawn + (growth * (1 + Math.random())) / 2);
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
