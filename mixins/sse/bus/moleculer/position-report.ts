import type { Position } from "../../core/event/event-id.ts";

/** The Moleculer event by which a sender says how far its events have come. */
export const POSITION = "sse.position";
/** The Moleculer event by which a gateway asks for that. */
export const HELLO = "sse.hello";

/** What a sender counts besides its events: its revocations, `sse.close`. */
export type Counted = "close";

/** How far a sender says that its events have come, or its revocations. */
export interface PositionReport extends Position {
	/** Undefined = events. */
	readonly of?: Counted;
	/** Which process says it: Moleculer's `instanceID`; undefined if that is not known. */
	readonly instance?: string;
	/** Milliseconds since it sent the last of them; 0 if that is not known. */
	readonly age: number;
	/** Milliseconds since its life began; 0 if that is not known. */
	readonly up: number;
	/** It stops, and sends nothing more in this life. */
	readonly isEnd: boolean;
	/** Ids of the questions that this answers. */
	readonly answers: readonly string[];
	/** Senders that have gone, as far as who answers has noticed. */
	readonly gone: readonly GoneSender[];
	/** Senders that are there, as far as who answers knows: `[nodeID, instance]` each. */
	readonly here: readonly (readonly [nodeID: string, instance: string])[];
}

/** A node with the sender's half that was there, and is not any more. */
export interface GoneSender {
	readonly nodeID: string;
	/** Which process it was: Moleculer's `instanceID`. */
	readonly instance: string;
	/** Milliseconds since it was missed. */
	readonly ago: number;
	/** It has said that it ends, and that it had sent something; false if that is not known. */
	readonly hasSent: boolean;
}

/** A report as it travels. */
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

/** What a gateway asks with. */
export interface SseHello {
	/** A point that every gateway which hears it knows, in the form of an event's id. */
	readonly id: string;
	/** The nodes that are asked; default: all. */
	readonly to?: readonly string[];
	/** Milliseconds for which it may not have heard who came and went; default: it has heard that. */
	readonly away?: number;
}

const EPOCH = /^[0-9a-z]{1,64}$/;

/** Most that is read of a list. */
const MAX_LIST = 1000;

/** Reads what came over the bus as a report; undefined if it is none. */
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

/** Reads what came over the bus as a gateway's question; undefined if it is none. */
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
