import { now } from "./clock.ts";

/** What an event carries. `t`, the time of sending, comes first, where the load generator looks for it. */
export interface Payload {
	readonly t: number;
	readonly [field: string]: unknown;
}

/** JSON as applications send it, for compression: how much that saves depends on the content. */
export const JSON_KINDS = ["order", "notifications", "readings"] as const;
/** `filler` is one long word. */
export type PayloadKind = "filler" | (typeof JSON_KINDS)[number];

export interface PayloadShape {
	readonly kind: PayloadKind;
	/** Bytes of its JSON. */
	readonly bytes: number;
}

type Body = Readonly<Record<string, unknown>>;

/** Made once per shape: the servers are not to be measured at making texts. */
const bodies = new Map<string, Body>();

/** A payload of that shape, sent now. */
export function payloadOf(shape: PayloadShape): Payload {
	const t = now();
	const key = `${shape.kind} ${shape.bytes}`;
	let body = bodies.get(key);
	if (body === undefined) {
		body = BODIES[shape.kind](shape.bytes, t);
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
	return filled(bytes, t, head, line);
}

/** What happened around one user. */
function notifications(bytes: number, t: number): Body {
	return filled(bytes, t, { unread: 12 }, n => ({
		id: `ntf_${(n * 7919).toString(36)}`,
		type: ["mention", "reply", "like"][n % 3],
		actor: { id: 1000 + n, name: ["Ada Lovelace", "Alan Turing", "Grace Hopper"][n % 3] },
		target: { type: "post", id: 555 + n },
		read: n % 2 === 0,
		createdAt: `2026-01-15T09:${10 + n}:00Z`
	}));
}

/** A dashboard's table of sensors. */
function readings(bytes: number, t: number): Body {
	return filled(bytes, t, { plant: "north" }, n => ({
		sensor: `press-${n}/temperature`,
		unit: "celsius",
		value: 60 + ((n * 37) % 100) / 10,
		status: n % 7 === 0 ? "high" : "normal",
		measuredAt: "2026-01-15T10:24:31Z"
	}));
}

/** As many items as there is room for, and a note that fills the rest. */
function filled(bytes: number, t: number, head: Body, itemOf: (n: number) => Body): Body {
	const items: Body[] = [];
	while (sizeOf({ t, ...head, note: "", items: [...items, itemOf(items.length + 1)] }) <= bytes) {
		items.push(itemOf(items.length + 1));
	}
	return { ...head, note: "-".repeat(bytes - sizeOf({ t, ...head, note: "", items })), items };
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

const BODIES: Readonly<Record<PayloadKind, (bytes: number, t: number) => Body>> = {
	filler,
	order,
	notifications,
	readings
};

function sizeOf(value: unknown): number {
	return JSON.stringify(value).length;
}
