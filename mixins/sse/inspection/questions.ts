import type { ServiceBroker } from "moleculer";
import { type EventsFilter, type GatewayEvents, readEventsFilter, recentEvents } from "./events.ts";
import { type GatewayFigures, readFigures } from "./figures.ts";
import { askGateways, type GatewayAnswers } from "./gateway-answers.ts";
import { describeNode, type SseNode, type SseNodes } from "./nodes.ts";
import {
	type GatewayStreamList,
	joinStreams,
	listStreams,
	readFilter,
	type SseStreams,
	type StreamFilter
} from "./streams.ts";
import { type FindParams, findVerdicts, type GatewayFindings, readFind } from "./why/find.ts";
import { explain, readWhy, type SseVerdict, type SseWhy, type WhyParams } from "./why/why.ts";

/** A question of one node to another. A parameter that the other does not know is refused by its name. */
type Question =
	| { readonly what: "nodes" }
	| { readonly what: "figures" }
	| { readonly what: "streams"; readonly filter: StreamFilter }
	| { readonly what: "events"; readonly filter: EventsFilter }
	| { readonly what: "why"; readonly filter: WhyParams }
	| { readonly what: "find"; readonly filter: FindParams };

/** The answers of this node's gateways to a question of another node; undefined if this version does not know the question. */
export function report(broker: ServiceBroker, question: unknown): readonly unknown[] | undefined {
	const { what, filter } = (question ?? {}) as { what?: unknown; filter?: unknown };
	if (what === "nodes") return describeNode(broker);
	if (what === "figures") return readFigures(broker);
	if (what === "streams") return listStreams(broker, readFilter(filter));
	if (what === "why") return explain(broker, readWhy(filter));
	if (what === "find") return findVerdicts(broker, readFind(filter));
	if (what === "events") return recentEvents(broker, readEventsFilter(filter));
	return undefined;
}

function ask<Answer>(broker: ServiceBroker, question: Question): Promise<GatewayAnswers<Answer>> {
	return askGateways(broker, question, () => report(broker, question) as readonly Answer[]);
}

export async function askNodes(broker: ServiceBroker): Promise<SseNodes> {
	const { answers, silent } = await ask<SseNode>(broker, { what: "nodes" });
	return { nodes: byPlace(answers), silent };
}

/** Asks all gateways for their states and counts. */
export async function askFigures(broker: ServiceBroker): Promise<GatewayAnswers<GatewayFigures>> {
	const { answers, silent } = await ask<GatewayFigures>(broker, { what: "figures" });
	return { answers: byPlace(answers), silent };
}

/** Asks all gateways what became of an event, of the events for a session, or of an event for a session. */
export async function askFind(
	broker: ServiceBroker,
	filter: FindParams
): Promise<GatewayAnswers<GatewayFindings>> {
	const { answers, silent } = await ask<GatewayFindings>(broker, { what: "find", filter });
	return { answers: byPlace(answers), silent };
}

function byPlace<Answer extends Pick<SseNode, "nodeID" | "service">>(
	answers: readonly Answer[]
): Answer[] {
	const place = ({ nodeID, service }: Answer): string => `${nodeID}\n${service}`;
	return [...answers].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

export async function askStreams(broker: ServiceBroker, filter: StreamFilter): Promise<SseStreams> {
	const { answers, silent } = await ask<GatewayStreamList>(broker, { what: "streams", filter });
	return { ...joinStreams(answers, filter.limit), silent };
}

/** Asks all gateways for the events since the last look. */
export function askEvents(
	broker: ServiceBroker,
	filter: EventsFilter
): Promise<GatewayAnswers<GatewayEvents>> {
	return ask(broker, { what: "events", filter });
}

/** What became of an event on the streams of a session, at all gateways. */
export async function askWhy(broker: ServiceBroker, filter: WhyParams): Promise<SseWhy> {
	const { answers, silent } = await ask<SseVerdict>(broker, { what: "why", filter });
	const place = ({ nodeID, service }: SseVerdict): string => `${nodeID}\n${service}`;
	const verdicts = [...answers].sort((a, b) =>
		place(a) === place(b) ? (a.openedAt ?? 0) - (b.openedAt ?? 0) : place(a) < place(b) ? -1 : 1
	);
	return { verdicts, silent };
}
