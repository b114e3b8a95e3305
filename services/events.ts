import type { EventsContract } from "../mixins/sse/index.ts";

/** Every event that the example sends: senders and gateways refuse others. */
export const events: EventsContract = {
	// public, so that the REPL can send to "*"
	notifications: { audience: "public" },
	"order-update": {},
	price: { audience: "public", conflate: ({ symbol }: { symbol?: string }) => symbol },
	"report-progress": {
		params: { reportId: "uuid", done: "number", orders: "number", node: "string" },
		// a slow client gets the newest of each report
		conflate: ({ reportId }: { reportId: string }) => reportId
	},
	"report-ready": { params: { reportId: "uuid", bytes: "number", node: "string" } },
	"report-failed": { params: { reportId: "uuid" } }
};
