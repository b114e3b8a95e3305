import { ExpiringCounter } from "../../core/limits/expiring-counter.ts";
import { type AddressReader, addressReader } from "../limits/address.ts";
import type { GatewayOptions, SseGatewayRequest } from "../types.ts";
import { drawRetry } from "./jitter.ts";
import { isProbe } from "./request.ts";

/** Used if the option `retry` is off: without a `retry:` browsers keep the last one that they were given. */
const RANGE = [2000, 5000] as const;
/** Milliseconds for which a refusal lengthens the waits of those after it. */
const WINDOW = 10_000;
/** Milliseconds that each of them adds, and that all of them add at most; the wait grows by half of that or more. */
const STEP = 500;
const MAX_GROWTH = 5000;
/** Longest time, in milliseconds, for which clients are kept away because a source such as `Retry-After` asks for it. */
const MAX_AFTER = 300_000;

/**
 * How long a client waits whose stream cannot be opened for a temporary reason. Most such reasons pass within seconds, so the
 * wait is drawn from the same range as for any stream. It grows with the number of refusals of the same address, so that
 * neither a crowd nor a short range becomes a hot loop.
 */
export class UnavailableWait {
	readonly #range: GatewayOptions["retry"];
	readonly #addressOf: AddressReader;
	/** By address. */
	readonly #refusals = new ExpiringCounter();

	constructor({ retry, trustProxy }: Pick<GatewayOptions, "retry" | "trustProxy">) {
		this.#range = retry ?? RANGE;
		this.#addressOf = addressReader(trustProxy);
	}

	/**
	 * The `retry:` of a client that is sent away, in milliseconds.
	 *
	 * @param after Milliseconds for which its request is known to be refused again.
	 * @param timeLeft Milliseconds for which it finds no gateway.
	 */
	draw(request: SseGatewayRequest, after: number, timeLeft: number): number {
		const now = performance.now();
		const address = this.#addressOf(request) ?? "unknown";
		const growth = Math.min(this.#refusals.of(address, now) * STEP, MAX_GROWTH);
		if (!isProbe(request)) this.#refusals.up(address, now + WINDOW, now);
		const drawn = drawRetry(this.#range) ?? 0;
		const least = Math.max(Math.min(after, MAX_AFTER), timeLeft);
		return Math.round(least + drawn + (growth * (1 + Math.random())) / 2);
	}
}
