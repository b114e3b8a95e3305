import type { Position } from "../../core/event/event-id.ts";

/** The Moleculer event with which a sender reports how far its events have come. */
export const POSITION = "sse.position";
/** The Moleculer event with which a gateway asks for that report. */
export const HELLO = "sse.hello";

/** What a sender counts besides events: revocations, `sse.close`. */
export type Counted = "close";

/** A sender's report of how far its events, or its revocations, have come. */
export interface PositionReport extends Position {
	/** Undefined = events. */
	readonly of?: Counted;
	/** The process that reports: Moleculer's `instanceID`; undefined if it is not known. */
	readonly instance?: string;
	/** Milliseconds since it sent the last of them; 0 if that is not known. */
	readonly age: number;
	/** Milliseconds since its life began; 0 if that is not known. */
	readonly up: number;
	/** It is stopping, and sends nothing more in this life. */
	readonly isEnd: boolean;
	/** Ids of the questions that this report answers. */
	readonly answers: readonly string[];
	/** Senders that have left, as far as the reporting node has noticed. */
	readonly gone: readonly GoneSender[];
	/** Senders that are present, as far as the reporting node knows: `[nodeID, instance]` each. */
	readonly here: readonly (readonly [nodeID: string, instance: string])[];
}

/** A node with `SseMiddleware` that was present, and has left. */
export interface GoneSender {
	readonly nodeID: string;
	/** Which process it was: Moleculer's `instanceID`. */
	readonly instance: string;
	/** Milliseconds since its departure was noticed. */
	readonly ago: number;
	/** Whether it reported its end, and that it had sent something; false if that is not known. */
	readonly hasSent: boolean;
}

/** A report as it is sent. */
export interface SsePosition extends Position {
	of?: Counted;
	instance?: string;
	age?: number;
	up?: number;
	end?: true;
	re?: readonly string[];
	gone?: readonly (readonly [nodeID: string, instance: string, ago: number, hasSent?: true])[];
	here?: readonly (readonly [nodeID: string, instance: string])[];
}

/** A gateway's question. */
export interface SseHello {
	/** Has the form of an event id. Every gateway that hears the question notes it as a position that all have in common. */
	readonly id: string;
	/** Nodes that are asked; default: all. */
	readonly to?: readonly string[];
	/** Milliseconds for which the gateway may not have heard who came and left; default: it has heard that. */
	readonly away?: number;
}

const EPOCH = /^[0-9a-z]{1,64}$/;

/** Most entries read of a list. */
const MAX_LIST = 1000;

/** Reads a message from the bus as a report; undefined if it is not one. */
export function readReport(input: unknown): PositionReport | undefined {
	const { of, epoch, seq, instance, age, up, end, re, gone, here } = fieldsOf(input);
	if (of !== undefined && of !== "close") return undefined;
	if (typeof epoch !== "string" || !EPOCH.test(epoch)) return undefined;
	if (!Number.isSafeInteger(seq) || (seq as number) < 0) return undefined;
	return {
		...(of && { of }),
		...(typeof instance === "string" && { instance }),
		epoch,
		seq: seq as number,
		age: duration(age),
		up: duration(up),
		isEnd: end === true,
		answers: listOf(re).filter(id => typeof id === "string"),
		gone: listOf(gone).flatMap(readGone),
		here: listOf(here)
			.flatMap(readGone)
			.map(({ nodeID, instance }) => [nodeID, instance])
	};
}

/** Reads a message from the bus as a gateway's question; undefined if it is not one. */
export function readHello(input: unknown): SseHello | undefined {
	const { id, to, away } = fieldsOf(input);
	if (typeof id !== "string" || id.length > 1024) return undefined;
	return {
		id,
		...(Array.isArray(to) && { to }),
		...(duration(away) > 0 && { away: duration(away) })
	};
}

function readGone(input: unknown): GoneSender[] {
	const [nodeID, instance, ago, hasSent] = listOf(input);
	if (typeof nodeID !== "string" || typeof instance !== "string") return [];
	return [{ nodeID, instance, ago: duration(ago), hasSent: hasSent === true }];
}

function listOf(input: unknown): readonly unknown[] {
	return Array.isArray(input) ? input.slice(0, MAX_LIST) : [];
}

function fieldsOf(input: unknown): Record<string, unknown> {
	return typeof input === "object" && input !== null ? (input as Record<string, unknown>) : {};
}

function duration(input: unknown): number {
	return typeof input === "number" && input > 0 ? input : 0;
}
