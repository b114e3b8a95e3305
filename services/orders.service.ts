import { randomUUID } from "node:crypto";
import { type Context, Errors, type ServiceSchema, type ServiceSettingSchema } from "moleculer";

/** What becomes of an order, and after how many milliseconds. */
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
	/** Moves an order on in the background, step by step. */
	moveOn(sessionId: string, order: Order, step: number): void;
	/** Tells the session where its order is. */
	report(sessionId: string, order: Order): Promise<unknown>;
}

interface State {
	/** Of the steps to come. */
	timers: Set<NodeJS.Timeout>;
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
				await this.report(sessionId, order);
				this.moveOn(sessionId, order, 0);
				return order;
			}
		}
	},

	methods: {
		moveOn(sessionId: string, order: Order, step: number): void {
			const next = COURSE[step];
			if (next === undefined) return;
			const timer = setTimeout(() => {
				this.timers.delete(timer);
				const moved: Order = { ...order, status: next.status };
				this.report(sessionId, moved);
				this.moveOn(sessionId, moved, step + 1);
			}, next.after);
			this.timers.add(timer);
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
		this.timers = new Set();
	},

	stopped() {
		for (const timer of this.timers) clearTimeout(timer);
		this.timers.clear();
	}
};

export default service;
