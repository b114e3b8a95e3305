import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isRefusal, type Refusal } from "../../../../mixins/sse/core/errors/refusal.ts";
import { eventNameProblem, validate } from "../../../../mixins/sse/core/event/event.ts";
import { serialise } from "../../../../mixins/sse/core/event/payload.ts";
import { anyText, eventName, trickyKey } from "../../../support/arbitraries.ts";

const good = { eventName: "a", sessionId: "s1", payload: { n: 1 } };

function refusalOf(value: unknown): Refusal {
	if (!isRefusal(value)) throw new Error(`was accepted: ${JSON.stringify(value)}`);
	return value;
}

describe("an event", () => {
	it("is read as it was given", () => {
		expect(validate(good)).toEqual(good);
		expect(validate({ ...good, sessionId: ["a", "b"] })).toEqual({
			...good,
			sessionId: ["a", "b"]
		});
		expect(validate({ ...good, sessionId: "*", payload: null })).toEqual({
			...good,
			sessionId: "*",
			payload: null
		});
	});

	it("may be for nobody", () => {
		expect(validate({ ...good, sessionId: [] })).toEqual({ ...good, sessionId: [] });
	});

	it.each([[undefined], [null], ["text"], [7], [[good]], [() => good]])(
		"is an object, not %j",
		input => {
			expect(refusalOf(validate(input)).refused).toBe("event");
		}
	);

	it.each([
		["eventName", { eventName: undefined }],
		["eventName", { eventName: "" }],
		["eventName", { eventName: 7 }],
		["eventName", { eventName: "x".repeat(129) }],
		["eventName", { eventName: "a\nb" }],
		["eventName", { eventName: "a\rb" }],
		["eventName", { eventName: "a\0b" }],
		["eventName", { eventName: "sse.open" }],
		["eventName", { eventName: "a\uD800" }],
		["sessionId", { sessionId: undefined }],
		["sessionId", { sessionId: null }],
		["sessionId", { sessionId: "" }],
		["sessionId", { sessionId: 1.5 }],
		["sessionId", { sessionId: {} }],
		["sessionId", { sessionId: "x".repeat(257) }],
		["sessionId[1]", { sessionId: ["a", ""] }],
		["sessionId[0]", { sessionId: ["*"] }],
		["sessionId[0]", { sessionId: [["a"]] }],
		["sessionId[2]", { sessionId: ["a", "b", true] }],
		["payload", { payload: undefined }],
		["sesionId", { sesionId: "typo" }],
		["__proto__", JSON.parse('{"__proto__":{"sessionId":"*"}}')]
	])("is refused, and the refusal names the wrong field: %s of %j", (field, change) => {
		const input = Object.defineProperties({ ...good }, Object.getOwnPropertyDescriptors(change));
		const { refused, message } = refusalOf(validate(input));
		expect(refused).toBe(field);
		expect(message).toContain(`"${field}"`);
	});

	it("never takes its address from a prototype", () => {
		const input = Object.assign(Object.create({ sessionId: "*" }), { eventName: "a", payload: 1 });
		expect(refusalOf(validate(input)).refused).toBe("sessionId");
	});

	it("gets its id from the bus, not from its sender", () => {
		const input = { ...good, id: "n1.k3f9x2ab.7" };
		expect(refusalOf(validate(input)).refused).toBe("id");
		expect(validate(input, { acceptId: true })).toEqual(input);
		for (const id of ["", "a\nb", "ü", 7, null, "x".repeat(1025)]) {
			expect(refusalOf(validate({ ...good, id }, { acceptId: true })).refused).toBe("id");
		}
	});

	it("has its session ids as text, wherever it comes from", () => {
		for (const source of [{}, { acceptId: true }, { typed: true }, { hasPayload: true }]) {
			const read = (sessionId: unknown) => validate({ ...good, sessionId }, source);
			expect(read(42)).toMatchObject({ sessionId: "42" });
			expect(read([1, "b"])).toMatchObject({ sessionId: ["1", "b"] });
			for (const id of [1.5, -0, 2 ** 53, Number.NaN, true]) {
				expect(refusalOf(read(id)).refused).toBe("sessionId");
			}
		}
	});

	it("is either refused or valid, whatever arrives, and reading it never throws", () => {
		const key = fc.oneof(
			fc.constantFrom("eventName", "sessionId", "payload", "id"),
			trickyKey,
			fc.string()
		);
		const value = fc.oneof(fc.anything({ withBigInt: true, withNullPrototype: true }), anyText);
		fc.assert(
			fc.property(fc.oneof(fc.dictionary(key, value), fc.anything()), input => {
				const event = validate(input, { acceptId: true });
				if (isRefusal(event)) return;
				expect(eventNameProblem(event.eventName)).toBeUndefined();
				expect([event.sessionId].flat().every(id => typeof id === "string" && id !== "")).toBe(
					true
				);
				expect(event.payload).not.toBeUndefined();
			}),
			{ numRuns: 2000 }
		);
	});
});

describe("an event name", () => {
	it("may be anything else: spaces, colons, emoji, 128 characters, names of Object.prototype", () => {
		fc.assert(
			fc.property(fc.oneof(eventName, trickyKey), name => eventNameProblem(name) === undefined)
		);
		expect(eventNameProblem("x".repeat(128))).toBeUndefined();
		expect(eventNameProblem(" : 😀")).toBeUndefined();
		expect(eventNameProblem("sse")).toBeUndefined();
	});

	it("with a character that ends a field is refused, wherever the character is", () => {
		fc.assert(
			fc.property(fc.string(), fc.constantFrom("\r", "\n", "\0"), fc.string(), (a, bad, b) => {
				expect(typeof eventNameProblem(a + bad + b)).toBe("string");
			})
		);
	});
});

describe("a payload", () => {
	it("becomes one line of JSON, whatever text it contains", () => {
		fc.assert(
			fc.property(fc.oneof(fc.jsonValue(), anyText), value => {
				const json = serialise(value);
				expect(typeof json).toBe("string");
				expect(json).not.toMatch(/[\r\n\0]/);
				expect(JSON.parse(json as string)).toEqual(JSON.parse(JSON.stringify(value)));
			})
		);
	});

	it("that JSON cannot carry is refused by name", () => {
		const cyclic: { self?: unknown } = {};
		cyclic.self = cyclic;
		const broken = {
			toJSON() {
				throw new Error("no JSON today\nnor tomorrow");
			}
		};
		for (const payload of [cyclic, 1n, { deep: [1n] }, () => 1, Symbol("s"), undefined, broken]) {
			const { refused, message } = refusalOf(serialise(payload));
			expect(refused).toBe("payload");
			expect(message).not.toContain("\n");
		}
	});
});
