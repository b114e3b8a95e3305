import { isTransient, statusOf } from "../../core/errors/transient.ts";
import type { GatewayCounters } from "../../core/metrics/counters.ts";
import type { RefusalReason } from "../../core/metrics/label-values.ts";
import type { RefusalPolicy } from "../../core/options/gateway-options.ts";
import type { SseGatewayRequest } from "../types.ts";
import { isProbe } from "./request.ts";

type Counted = Pick<SseGatewayRequest, "method">;

/** By the status with which a request is refused. */
const BY_STATUS: Readonly<Record<number, RefusalReason>> = {
	400: "invalid",
	401: "unauthorized",
	403: "forbidden",
	405: "method",
	406: "accept"
};

/**
 * Counts the requests for a stream that got none. A request may fail in several places one after the other, in the route, its
 * middlewares and the steps of its opening: it counts once, with what its client is told. A HEAD asks for none.
 */
export class StreamRefusals {
	readonly #counts: GatewayCounters["streamsRefused"];
	readonly #policy: RefusalPolicy;
	readonly #counted = new WeakSet<object>();

	/** @param policy How requests are refused for a temporary reason. */
	constructor({ streamsRefused }: GatewayCounters, policy: RefusalPolicy) {
		this.#counts = streamsRefused;
		this.#policy = policy;
	}

	count(request: Counted, reason: RefusalReason): void {
		if (isProbe(request) || this.#counted.has(request)) return;
		this.#counted.add(request);
		this.#counts.add(reason);
	}

	/** A request has failed. A temporary failure counts when it is answered, if that is done in a stream. */
	failed(request: Counted, thrown: unknown): void {
		if (!isTransient(thrown)) this.count(request, BY_STATUS[statusOf(thrown) ?? 0] ?? "other");
		else if (this.#policy === "http") this.count(request, "unavailable");
	}
}
