import { type Refusal, refuse } from "../../core/errors/refusal.ts";
import { parseId } from "../../core/event/event-id.ts";
import type { Revocation } from "../../core/revocation/revocation.ts";
import type { RevocationKey } from "../../core/revocation/revocation-key.ts";
import { ascii } from "./ascii.ts";

/** The content of a header. */
export interface RevocationHeader {
	/** Undefined if there is none: other programs may revoke as well. */
	readonly key: RevocationKey | undefined;
	/** The revocation, not validated. */
	readonly close: object;
}

/**
 * Most bytes of a header. All headers of an AMQP message must fit into one frame, whose smallest limit is 4,096 bytes; a single
 * session id, with everything that goes with it, always fits.
 */
const HEADER_BYTES = 2048;
/** Most parts of a revocation. */
const MAX_PARTS = 100_000;

/**
 * A revocation as headers of one message or as many as it takes: JSON in ASCII, with the fields of `sse.close`, and `id` and
 * `part`.
 */
export function writeRevocationHeaders(revocation: Revocation, id: string): string[] {
	const { sessionId } = revocation;
	const whole = write(revocation, sessionId, id);
	if (typeof sessionId === "string" || whole.length <= HEADER_BYTES) return [whole];
	const room = HEADER_BYTES - write(revocation, [], id, [MAX_PARTS, MAX_PARTS]).length;
	const parts: string[][] = [];
	let left = 0;
	for (const one of sessionId) {
		const length = ascii(JSON.stringify(one)).length + 1;
		if (length > left) {
			parts.push([]);
			left = room;
		}
		parts.at(-1)?.push(one);
		left -= length;
	}
	return parts.map((ids, index) => write(revocation, ids, id, [index + 1, parts.length]));
}

/** Reads a header, which any program may have written, or refuses it. */
export function readRevocationHeader(text: unknown): RevocationHeader | Refusal {
	let header: unknown;
	try {
		header = JSON.parse(String(text));
	} catch {
		return refuse("sse-close", "The header sse-close is not JSON.");
	}
	if (typeof header !== "object" || header === null || Array.isArray(header)) {
		return refuse("sse-close", "The header sse-close takes an object.");
	}
	const { id, part = [1, 1], ...close } = header as { id?: unknown; part?: unknown };
	return { key: readKey(id, part), close };
}

function readKey(id: unknown, part: unknown): RevocationKey | undefined {
	if (typeof id !== "string" || parseId(id) === undefined) return undefined;
	if (!Array.isArray(part) || !part.every(n => Number.isSafeInteger(n) && n >= 1)) return undefined;
	const [which, parts] = part as number[];
	if (which === undefined || parts === undefined || which > parts || parts > MAX_PARTS) {
		return undefined;
	}
	return { id, part: which, parts };
}

function write(
	{ eventName, reason }: Revocation,
	sessionId: string | readonly string[],
	id: string,
	part?: readonly [number, number]
): string {
	return ascii(JSON.stringify({ id, part, sessionId, eventName, reason }));
}
