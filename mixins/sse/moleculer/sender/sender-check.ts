import type { ServiceBroker } from "moleculer";
import { reasonOf } from "../../core/errors/guard.ts";
import { isRefusal, type Refusal, refuse } from "../../core/errors/refusal.ts";
import { contractViolation, type EventsContract, textEvents } from "../../core/event/contract.ts";
import { type Address, type Provenance, readSafely, validate } from "../../core/event/event.ts";
import { serialise } from "../../core/event/payload.ts";
import { refuseCrowd } from "../../core/event/recipients.ts";
import { readText } from "../../core/event/text.ts";
import { FastestValidator } from "../moleculer-values.ts";
import { SseError } from "../sse-error.ts";

export interface SenderRules {
	/** Default: any event. */
	events?: EventsContract | undefined;
	/** Most bytes that a payload may have as JSON; 0 = no limit. */
	eventBytes: number;
	/** Most session ids that an event may have; 0 = no limit. */
	recipientsPerEvent: number;
}

/** An event that may leave this node. */
export interface CheckedEvent {
	readonly address: Address;
	/** Its payload as JSON: what was checked, and what is sent. */
	readonly json: string;
}

/** Reads any value as an event that may leave this node, or says what is wrong with it. */
export type SenderCheck = (input: unknown, source: Provenance) => CheckedEvent | Refusal;

/** The result of compiling a schema with Moleculer's validators. */
type PayloadCheck = ((payload: unknown) => true | Problem[]) & { async?: boolean };

interface Problem {
	field?: string;
	message?: string;
}

/**
 * Compiles the rules once, with the broker's own validator.
 *
 * @throws SseError `SSE_INVALID_OPTION` if a schema of the contract is invalid.
 */
export function createSenderCheck(
	broker: Pick<ServiceBroker, "validator">,
	{ events, eventBytes, recipientsPerEvent }: SenderRules
): SenderCheck {
	const checks = compile(broker, events);
	const texts = textEvents(events);
	return (input, source) => {
		const address = readSafely(() => validate(input, source));
		if (isRefusal(address)) return address;
		const broken = contractViolation(events, address) ?? refuseCrowd(address, recipientsPerEvent);
		if (broken !== undefined) return broken;
		const json = serialise(address.payload, eventBytes);
		if (isRefusal(json)) return json;
		if (texts.has(address.eventName)) {
			const text = readText(address.eventName, asJsonHas(address.payload, json));
			if (isRefusal(text)) return text;
		}
		const check = checks.get(address.eventName);
		if (check === undefined) return { address, json };
		// Checks what the browser will get; the sender's own object is left alone.
		const payload: unknown = JSON.parse(json);
		const problems = run(check, payload);
		if (problems !== true) return refusePayload(address.eventName, problems);
		// A schema may have changed anything, or nothing: serialising again is the cheapest way to find out.
		const left = serialise(payload, eventBytes);
		return isRefusal(left) ? left : { address, json: left };
	};
}

/** The payload as in its JSON, in which a string is unchanged. */
function asJsonHas(payload: unknown, json: string): unknown {
	return typeof payload === "string" ? payload : JSON.parse(json);
}

function compile(
	broker: Pick<ServiceBroker, "validator">,
	events: EventsContract = {}
): Map<string, PayloadCheck> {
	// A broker may have none (`validator: false`).
	const validator = broker.validator ?? new FastestValidator();
	const checks = new Map<string, PayloadCheck>();
	for (const [name, { params }] of Object.entries(events)) {
		if (params === undefined) continue;
		const check = compileOne(name, () => validator.compile(params) as unknown as PayloadCheck);
		checks.set(name, check);
	}
	return checks;
}

function compileOne(name: string, make: () => PayloadCheck): PayloadCheck {
	const wrong = (reason: string) =>
		new SseError(
			"SSE_INVALID_OPTION",
			`SseMiddleware(): option "events" has an invalid schema as params of "${name}": ${reason}`,
			{ option: "events", eventName: name }
		);
	let check: PayloadCheck;
	try {
		check = make();
	} catch (error) {
		throw wrong(reasonOf(error));
	}
	if (check.async)
		throw wrong("it is asynchronous, but an event is checked at once: use synchronous rules.");
	return check;
}

/** Schemas may contain functions of the application, which may throw. */
function run(check: PayloadCheck, payload: unknown): true | Problem[] {
	try {
		return check(payload);
	} catch (error) {
		return [{ message: `its schema failed: ${reasonOf(error)}` }];
	}
}

function refusePayload(eventName: string, [problem]: Problem[]): Refusal {
	const field = problem?.field ? `payload.${problem.field}` : "payload";
	const reason = problem?.message ?? "it does not fit the schema.";
	const message = `"payload" breaks the contract of "${eventName}": ${reason}`;
	return refuse(field, message, "contract");
}
