import { now } from "./clock.ts";

/** What an event carries. `t` stands first, where the load generator looks for it: when it was sent. */
export interface Payload {
	readonly t: number;
	readonly [field: string]: unknown;
}

/** `filler` is one long word; `order` reads like an application's JSON, for compression. */
export type PayloadKind = "filler" | "order";

export interface PayloadShape {
	readonly kind: PayloadKind;
	/** Bytes of its JSON. */
	readonly bytes: number;
}

type Body = Readonly<Record<string, unknown>>;

/** Made once a shape: the servers shall not be measured at making texts. */
const bodies = new Map<string, Body>();

/** A payload of that shape, sent now. */
export function payloadOf(shape: PayloadShape): Payload {
	const t = now();
	const key = `${shape.kind} ${shape.bytes}`;
	let body = bodies.get(key);
	if (body === undefined) {
		body = shape.kind === "filler" ? filler(shape.bytes, t) : order(shape.bytes, t);
		bodies.set(key, body);
	}
	return { t, ...body };
}

function filler(bytes: number, t: number): Body {
	return { pad: "x".repeat(Math.max(0, bytes - sizeOf({ t, pad: "" }))) };
}

/** One order, with as many lines as there is room for. */
function order(bytes: number, t: number): Body {
	const head = {
		orderId: "order-48213",
		status: "shipped",
		customer: { id: 104_729, country: "DE" },
		currency: "EUR",
		updatedAt: "2026-01-15T10:24:31Z"
	};
	const lines: unknown[] = [];
	for (let n = 1; sizeOf({ t, ...head, note: "", lines: [...lines, line(n)] }) <= bytes; n++) {
		lines.push(line(n));
	}
	return { ...head, note: "-".repeat(bytes - sizeOf({ t, ...head, note: "", lines })), lines };
}

function line(n: number): Body {
	return {
		lineId: n,
		sku: `SKU-${1_000 + 7 * n}`,
		status: n % 4 === 0 ? "backordered" : "packed",
		quantity: 1 + (n % 4),
		unitPrice: 1_000 * (1 + (n % 5)) - 1,
		taxRate: 0.19,
		warehouse: "Hamburg-02",
		packedAt: `2026-01-15T09:${10 + n}:00Z`,
		href: `/api/orders/48213/lines/${n}`
	};
}

function sizeOf(value: unknown): number {
	return JSON.stringify(value).length;
}
