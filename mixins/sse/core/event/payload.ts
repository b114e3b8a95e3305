import { reasonOf } from "../errors/guard.ts";
import { type Refusal, refuse } from "../errors/refusal.ts";

/**
 * The payload as one line of JSON, or a refusal if JSON cannot carry it.
 *
 * @param maxBytes Most bytes that it may have; 0 = no limit.
 */
export function serialise(payload: unknown, maxBytes = 0): string | Refusal {
	let json: string | undefined;
	try {
		json = JSON.stringify(payload);
	} catch (error) {
		const reason = reasonOf(error).split("\n", 1)[0];
		return refuse("payload", `"payload" cannot be written as JSON: ${reason}.`);
	}
	if (json === undefined) {
		return refuse("payload", `"payload" cannot be written as JSON: it is a ${typeof payload}.`);
	}
	return maxBytes > 0 && exceeds(json, maxBytes) ? refuseSize("payload", maxBytes) : json;
}

/**
 * The JSON that another node has written, or a refusal if it cannot be JSON. It is not parsed, which would cost more than
 * everything else that is done with an event. This only makes sure that it forges no field of a frame: JSON that is written
 * without indentation contains no control characters at all.
 *
 * @param maxBytes See {@link serialise}.
 */
export function readJson(json: string, maxBytes = 0): string | Refusal {
	if (json === "") return refuse("json", `"json" is empty: give the payload as JSON.`);
	if (json.includes("\n") || json.includes("\r") || json.includes("\0")) {
		return refuse("json", `"json" contains CR, LF or NUL: write JSON without indentation.`);
	}
	return maxBytes > 0 && exceeds(json, maxBytes) ? refuseSize("json", maxBytes) : json;
}

export function refuseSize(field: string, maxBytes: number): Refusal {
	const message = `"${field}" has more than ${maxBytes} bytes as JSON: send less at a time.`;
	return refuse(field, message, "oversized");
}

/** Whether a text has more bytes as UTF-8, which takes one to three for a UTF-16 code unit. */
function exceeds(text: string, maxBytes: number): boolean {
	if (text.length > maxBytes) return true;
	return text.length * 3 > maxBytes && new TextEncoder().encode(text).byteLength > maxBytes;
}
