import type { Position } from "../../core/event/event-id.ts";

/** The Moleculer event with which a sender reports how far its events have come. */
export const POSITION = "sse.position";
/** The Moleculer event with which a gateway asks for that report. */
export const HELLO = "sse.hello";

/** Most milliseconds from one report of a sender's events to the next, whatever it sends. */
export const NEXT_REPORT = 4000;

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
	/** Milliseconds within which it reports again; 0 if it does not say. */
	readonly next: number;
	/** It is stopping, and sends nothing more in this life. */
	readonly isEnd: boolean;
	/** Ids of the questions that this report answers. */
	readonly answers: readonly string[];
	/** How far its sequences for some groups only have come. */
	readonly apart: readonly ApartPosition[];
	/** Senders that have left, as far as the reporting node has noticed. */
	readonly gone: readonly GoneSender[];
	/** Senders that are present, as far as the reporting node knows: `[nodeID, instance]` each. */
	readonly here: readonly (readonly [nodeID: string, instance: string])[];
}

/** How far the events have come that a sender sends to some of Moleculer's groups only. */
export interface ApartPosition extends Position {
	readonly groups: readonly unknown[];
	/** See {@link PositionReport.age}. */
	readonly age: number;
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
	next?: number;
	end?: true;
	re?: readonly string[];
	apart?: readonly (readonly [
		groups: readonly string[],
		epoch: string,
		seq: number,
		age: number
	])[];
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
	const { of, epoch, seq, instance, age, up, next, end, re, apart, gone, here } = fieldsOf(input);
	if (of !== undefined && of !== "close") return undefined;
	if (!isPosition(epoch, seq)) return undefined;
	return {
		...(of && { of }),
		...(typeof instance === "string" && { instance }),
		epoch: epoch as string,
		seq: seq as number,
		age: duration(age),
		up: duration(up),
		next: duration(next),
		isEnd: end === true,
		answers: listOf(re).filter(id => typeof id === "string"),
		apart: listOf(apart).flatMap(readApart),
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

function isPosition(epoch: unknown, seq: unknown): boolean {
	return (
		typeof epoch === "string" && EPOCH.test(epoch) && Number.isSafeInteger(seq) && Number(seq) >= 0
	);
}

function readApart(input: unknown): ApartPosition[] {
	const [groups, epoch, seq, age] = listOf(input);
	if (!isPosition(epoch, seq)) return [];
	return [
		{ groups: listOf(groups), epoch: epoch as string, seq: seq as number, age: duration(age) }
	];
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
