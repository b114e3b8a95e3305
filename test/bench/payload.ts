import { now } from "./clock.ts";

/** What an event carries. `t` stands first, where the load generator looks for it: when it was sent. */
export interface Payload {
	readonly t: number;
	readonly [field: string]: unknown;
}

/** `filler` is one long word; `orders` reads like an application's JSON, for compression. */
export type PayloadKind = "filler" | "orders";

export interface PayloadShape {
	readonly kind: PayloadKind;
	/** Bytes of its JSON. */
	readonly bytes: number;
}

type Body = Readonly<Record<string, unknown>>;

const STATUSES = ["paid", "packed", "shipped", "delivered", "returned"];

/** Made once a shape: the servers shall not be measured at making texts. */
const bodies = new Map<string, Body>();

/** A payload of that shape, sent now. */
export function payloadOf(shape: PayloadShape): Payload {
	const t = now();
	const key = `${shape.kind} ${shape.bytes}`;
	let body = bodies.get(key);
	if (body === undefined) {
		body = shape.kind === "filler" ? filler(shape.bytes, t) : orders(shape.bytes, t);
		bodies.set(key, body);
	}
	return { t, ...body };
}

function filler(bytes: number, t: number): Body {
	return { pad: "x".repeat(Math.max(0, bytes - sizeOf({ t, pad: "" }))) };
}

function orders(bytes: number, t: number): Body {
	const orders: unknown[] = [];
	for (let n = 1; sizeOf({ t, note: "", orders: [...orders, order(n)] }) <= bytes; n++) {
		orders.push(order(n));
	}
	return { note: "-".repeat(bytes - sizeOf({ t, note: "", orders })), orders };
}

function order(n: number): Body {
	return {
		orderId: `order-${(n * 7_919) % 100_000}`,
		status: STATUSES[(n * 3) % STATUSES.length],
		customer: { id: (n * 104_729) % 1_000_000, country: n % 2 === 0 ? "DE" : "FR" },
		total: ((n * 1_299_709) % 100_000) / 100,
		currency: "EUR"
	};
}

function sizeOf(value: unknown): number {
	return JSON.stringify(value).length;
}
