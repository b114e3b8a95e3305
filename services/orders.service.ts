import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Context, Errors, type ServiceSchema, type ServiceSettingSchema } from "moleculer";

/** What becomes of an order, and how many milliseconds after the step before. */
const COURSE = [
	{ status: "paid", after: 800 },
	{ status: "packed", after: 1500 },
	{ status: "shipped", after: 1500 },
	{ status: "delivered", after: 2000 }
] as const;

interface Order {
	orderId: string;
	item: string;
	quantity: number;
	status: "placed" | (typeof COURSE)[number]["status"];
}

interface Methods {
	/** Takes an order through its steps, until the last one or until the node stops. */
	fulfil(sessionId: string, order: Order): Promise<void>;
	/** Tells the session where its order is. */
	report(sessionId: string, order: Order): Promise<unknown>;
}

interface State {
	/** Aborts when the node stops. */
	stopping: AbortController;
}

/** Takes orders, and tells the session that placed one how it moves on. */
const service: ServiceSchema<ServiceSettingSchema, Methods, State> = {
	name: "orders",

	actions: {
		place: {
			params: {
				item: { type: "string", trim: true, min: 1, max: 100, default: "Coffee beans" },
				quantity: { type: "number", integer: true, min: 1, max: 100, default: 1 }
			},
			async handler(ctx: Context<Pick<Order, "item" | "quantity">, { sessionId?: string }>) {
				const { sessionId } = ctx.meta;
				if (sessionId === undefined) {
					throw new Errors.MoleculerClientError(
						"There is no session to report to.",
						401,
						"NO_SESSION"
					);
				}
				const order: Order = {
					orderId: randomUUID().slice(0, 8),
					item: ctx.params.item,
					quantity: ctx.params.quantity,
					status: "placed"
				};
				// a push that fails is logged: the order is placed all the same
				await this.report(sessionId, order);
				// in the background: the request is answered meanwhile
				this.fulfil(sessionId, order);
				return order;
			}
		}
	},

	methods: {
		async fulfil(sessionId: string, order: Order): Promise<void> {
			const { signal } = this.stopping;
			for (const { status, after } of COURSE) {
				await delay(after, undefined, { signal }).catch(() => {});
				if (signal.aborted) return;
				await this.report(sessionId, { ...order, status });
			}
		},

		report(sessionId: string, order: Order): Promise<unknown> {
			return this.broker.broadcast("sse.send", {
				eventName: "order-update",
				sessionId,
				payload: { ...order, at: new Date().toISOString() }
			});
		}
	},

	created() {
		this.stopping = new AbortController();
	},

	/** The first time, and after each stop: a broker may be started again. */
	started() {
		if (this.stopping.signal.aborted) this.stopping = new AbortController();
	},

	stopped() {
		this.stopping.abort();
	}
};

export default service;
