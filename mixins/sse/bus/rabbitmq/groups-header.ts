import { type Refusal, refuse } from "../../core/errors/refusal.ts";
import { groupsOf } from "../../moleculer/broadcast/broadcast-options.ts";
import { ascii } from "./ascii.ts";

/**
 * Most bytes of a header. All headers of an AMQP message must fit into one frame, whose smallest limit is 4,096 bytes; a
 * revocation, or trace contexts, may take most of it.
 */
const MAX_BYTES = 512;

/**
 * The groups of a broadcast as a header: a JSON array in ASCII. Undefined if it is for all; a refusal if it cannot be written.
 *
 * @param options Those of the broadcast.
 */
export function writeGroupsHeader(options: unknown): string | undefined | Refusal {
	const groups: unknown = groupsOf(options);
	if (groups === undefined) return undefined;
	if (!isList(groups)) return refuse("groups", `"groups" takes names of services.`);
	if (groups.length === 0) return undefined;
	// In one order, so that events for the same groups can share a message.
	const header = ascii(JSON.stringify([...new Set(groups)].sort()));
	if (header.length <= MAX_BYTES) return header;
	const problem = `take ${header.length} bytes as JSON, more than the ${MAX_BYTES} that a message has for them`;
	return refuse("groups", `"groups" ${problem}: name fewer groups.`, "oversized");
}

/** Reads a header, which any program may have written, or refuses it. Undefined: the message is for all. */
export function readGroupsHeader(header: unknown): readonly string[] | undefined | Refusal {
	if (header === undefined) return undefined;
	let groups: unknown;
	try {
		groups = JSON.parse(String(header));
	} catch {
		// As below.
	}
	if (!isList(groups))
		return refuse("sse-groups", "The header sse-groups is no JSON array of names.");
	return groups.length === 0 ? undefined : groups;
}

function isList(value: unknown): value is readonly string[] {
	return Array.isArray(value) && value.every(item => typeof item === "string");
}
