import { lineOf, stackOf } from "../../core/errors/guard.ts";
import { isFault } from "../../core/errors/transient.ts";
import { closeFrame } from "../../core/event/control-events.ts";
import type { RefusalReason } from "../../core/metrics/label-values.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import { answerAndHangUp, answerBriefly } from "../../http/answer.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type {
	GatewayOptions,
	GatewayService,
	SseGatewayRequest,
	SseGatewayResponse
} from "../types.ts";
import { dropBodyHeaders } from "./plain-response.ts";
import { isProbe, readRequest } from "./request.ts";
import { retryAfter } from "./retry-after.ts";
import { isSettled } from "./settled.ts";
import type { StreamRefusals } from "./stream-refusals.ts";
import { UnavailableWait } from "./unavailable-wait.ts";

/** What is needed of the gateway. */
export interface StoppingGateway {
	/** Whether it takes new streams. */
	isReady(): boolean;
	/** Milliseconds for which a returning client finds no gateway, because this one stops. */
	timeLeft(): number;
	/** Sends a client to another gateway. */
	sendOn(response: SseGatewayResponse): void;
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
			dropBodyHeaders(response);
			answer(response, closeFrame("unavailable", retry));
		} catch (error) {
			this.tooLate(error);
			response.destroy();
			return;
		}
		this.#answered(request, response, "unavailable");
	}

	/**
	 * Answers a request that is still waiting when the gateway stops.
	 *
	 * @param ofAlias See {@link readRequest}.
	 * @throws SseError if it would be refused for good in any case; nothing has been written then.
	 */
	sendOn(
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		ofAlias?: readonly string[]
	): void {
		readRequest(request, response, this.#options, ofAlias);
		dropBodyHeaders(response);
		this.#gateway.sendOn(response);
		this.#answered(request, response, "drain");
	}

	#answered(request: SseGatewayRequest, response: SseGatewayResponse, reason: RefusalReason): void {
		this.#refusedStreams.count(request, reason);
		try {
			this.#service.logResponse?.(request, response);
		} catch (error) {
			this.tooLate(error);
		}
	}

	/** Like {@link retryAfter}; if it cannot be read, nothing is known. */
	#after(thrown: unknown, request: SseGatewayRequest, response: SseGatewayResponse): number {
		try {
			return retryAfter(causeOf(thrown), request, response);
		} catch (error) {
			this.tooLate(error);
			return 0;
		}
	}

	/** Something has failed, or refused the request, when it was too late for an answer. */
	tooLate(thrown: unknown): void {
		if (isTold(thrown)) return;
		const text = "SSE: something in a stream's route failed after the request was answered";
		if (isFault(thrown)) this.#faults.add(`${text}: ${stackOf(thrown)}`);
		else this.#refusals.add(`${text}: ${lineOf(thrown)}`);
	}

	/** What handles the application's errors has failed itself. */
	unhandled(thrown: unknown): void {
		const text =
			"SSE: an error handler of the application failed; its request is refused without it";
		this.#faults.add(`${text}: ${stackOf(thrown)}`);
	}

	#log(request: SseGatewayRequest, thrown: unknown): void {
		if (isTold(thrown)) return;
		const text = "SSE: a stream cannot be opened now; the client is told to come back";
		if (isFault(thrown)) this.#faults.add(`${text}: ${stackOf(thrown)}`);
		else if (!isProbe(request)) this.#refusals.add(`${text}: ${lineOf(thrown)}`);
	}
}

/** Whether it has been logged where its reason was known. */
function isTold(thrown: unknown): boolean {
	return thrown instanceof SseError && thrown.type === "SSE_INTERNAL";
}

/** The cause of one of the plugin's own errors. */
function causeOf(thrown: unknown): unknown {
	return thrown instanceof SseError ? (thrown.cause ?? thrown) : thrown;
}
