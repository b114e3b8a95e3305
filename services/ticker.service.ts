import type { ServiceSchema, ServiceSettingSchema } from "moleculer";

interface Quote {
	symbol: string;
	price: number;
	/** Since the quote before. */
	change: number;
}

interface Settings extends ServiceSettingSchema {
	/** Milliseconds between two prices. */
	interval: number;
}

interface State {
	quotes: Quote[];
	timer: NodeJS.Timeout;
}

/** Sends prices to everyone who listens. */
const service: ServiceSchema<Settings, { tick(): void }, State> = {
	name: "ticker",

	settings: {
		interval: Number(process.env.TICK_MS || 1000)
	},

	methods: {
		tick(): void {
			const quote = this.quotes[Math.floor(Math.random() * this.quotes.length)] as Quote;
			// A random walk of up to half a percent.
			const price = Math.round(quote.price * (1 + (Math.random() - 0.5) / 100) * 100) / 100;
			quote.change = Math.round((price - quote.price) * 100) / 100;
			quote.price = price;
			this.broker.broadcast("sse.send", { eventName: "price", sessionId: "*", payload: quote });
		}
	},

	created() {
		this.quotes = [
			{ symbol: "MOLE", price: 128.4, change: 0 },
			{ symbol: "SSE", price: 42.17, change: 0 },
			{ symbol: "AMQP", price: 76.92, change: 0 }
		];
	},

	started() {
		this.timer = setInterval(() => this.tick(), this.settings.interval);
	},

	stopped() {
		clearInterval(this.timer);
	}
};

export default service;
