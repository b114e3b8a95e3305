import type { Fault } from "../chaos/faults/fault.ts";
import { FAULTS } from "../chaos/faults/index.ts";
import type { Bus } from "../chaos/stage.ts";
import { ALERTS } from "../support/observability.ts";
import {
	authorizeAway,
	authorizeSlow,
	lateMessages,
	lostOnTheWay,
	reader,
	tooLargeForGateways,
	tooLargeForSender,
	tooManyStreams,
	wrongRequests
} from "./faults.ts";

/** A fault on a bus, and the alerts that it has to fire. It may fire others. */
export interface Proof {
	readonly bus: Bus;
	readonly fault: Fault;
	readonly alerts: readonly string[];
}

function chaos(name: string): Fault {
	const fault = FAULTS.find(fault => fault.name === name);
	if (fault === undefined) throw new Error(`no fault "${name}"`);
	return fault;
}

export const PROOFS: readonly Proof[] = [
	{
		bus: "stream",
		fault: chaos("RabbitMQ's memory alarm"),
		alerts: ["SseOutboxGrows", "SseEventsFailed"]
	},
	{
		bus: "stream",
		fault: chaos("a gateway's connection to RabbitMQ frozen"),
		alerts: ["SseDeliverySlow"]
	},
	{ bus: "stream", fault: lateMessages, alerts: ["SseBusLag"] },
	{
		bus: "stream",
		fault: chaos("a gateway killed, and started again"),
		alerts: ["SseNodeDown"]
	},
	{ bus: "stream", fault: authorizeAway, alerts: ["SseUnavailable"] },
	{ bus: "stream", fault: authorizeSlow, alerts: ["SseOpeningSlow"] },
	{ bus: "stream", fault: wrongRequests, alerts: ["SseRequestsRefused"] },
	{ bus: "stream", fault: tooManyStreams, alerts: ["SseLimitReached"] },
	{ bus: "stream", fault: reader, alerts: ["SseSlowClients"] },
	{ bus: "stream", fault: tooLargeForGateways, alerts: ["SseEventsDropped"] },
	{ bus: "stream", fault: tooLargeForSender, alerts: ["SseEventsRefused"] },
	{
		bus: "default",
		fault: chaos("a gateway cut off, and silence since"),
		alerts: ["SseBusDown"]
	},
	{ bus: "default", fault: lostOnTheWay, alerts: ["SseEventsLost", "SseRevocationsMissed"] },
	{
		bus: "default",
		fault: chaos("a gateway killed, and started again"),
		alerts: ["SseClientsReset"]
	}
];

/** The buses, as people call them. */
const BUS: Readonly<Record<Bus, string>> = {
	stream: "RabbitMQ stream",
	default: "Moleculer events"
};

/** What is proven, as the rows of a table: fault, bus, alert, panel. */
export function proofRows(proofs: readonly Proof[] = PROOFS): string[][] {
	return proofs.flatMap(({ bus, fault, alerts }) =>
		alerts.map(name => {
			const alert = ALERTS.find(alert => alert.name === name);
			return [fault.name, BUS[bus], name, alert?.annotations.panel ?? ""];
		})
	);
}
