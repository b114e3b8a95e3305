import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
	type RevocationHeader,
	readRevocationHeader,
	writeRevocationHeaders
} from "../../../../mixins/sse/bus/rabbitmq/revocation-header.ts";
import { isRefusal } from "../../../../mixins/sse/core/errors/refusal.ts";
import { DuplicateRevocations } from "../../../../mixins/sse/core/revocation/duplicate-revocations.ts";
import { type Revocation, readClose } from "../../../../mixins/sse/core/revocation/revocation.ts";
import { anyShape, runs } from "../../../support/fuzz.ts";

const ID = "node-1.k3f9x2ab.7";
const byteLength = (text: string) => new TextEncoder().encode(text).length;

/** Ids that take one character, and ids that take many bytes. */
const sessionId = fc.oneof(
	fc.string({ minLength: 1, maxLength: 256 }).filter(id => id !== "*"),
	fc
		.constantFrom("\u0000", "ż", "\uffff", '"', "\u2028", "__proto__")
		.chain(character =>
			fc.integer({ min: 1, max: 256 }).map(length => character.repeat(length).slice(0, 256))
		)
);
const revocation: fc.Arbitrary<Revocation> = fc.record({
	sessionId: fc.oneof(
		sessionId,
		fc.constant("*"),
		fc.array(sessionId, { minLength: 1, maxLength: 60, size: "max" })
	),
	eventName: fc.constantFrom(undefined, "news", "\u0001".repeat(128)),
	reason: fc.constantFrom("revoked", '"'.repeat(64))
});

describe("a revocation in headers", () => {
	it("is read as it was written, in parts if it is long, each of which fits into an AMQP frame", () => {
		fc.assert(
			fc.property(revocation, written => {
				const headers = writeRevocationHeaders(written, ID);
				const read = headers.map(header => readRevocationHeader(header) as RevocationHeader);
				for (const [index, { key, close }] of read.entries()) {
					expect(byteLength(headers[index] as string)).toBeLessThan(3000);
					expect(key).toEqual({ id: ID, part: index + 1, parts: headers.length });
					const { eventName, reason } = written;
					expect(readClose(close)).toMatchObject({ eventName, reason });
				}
				const ids = read.map(({ close }) => (close as Revocation).sessionId);
				expect(ids.length === 1 ? ids[0] : ids.flat()).toEqual(written.sessionId);
			}),
			runs(1000)
		);
	});

	it("of a hundred thousand sessions has a few thousand parts", () => {
		const ids = Array.from({ length: 100_000 }, (_, n) => `user:${n}`);
		const headers = writeRevocationHeaders(
			{ sessionId: ids, eventName: undefined, reason: "revoked" },
			ID
		);
		expect(headers.length).toBeLessThan(1000);
	});

	it("of another program is refused, or passed on to be validated, and never throws", () => {
		const text = fc.oneof(
			anyShape,
			fc.string(),
			fc.json(),
			fc.constantFrom('{"sessionId":"A"}', '{"__proto__":{"sessionId":"A"}}', "null", "[]", "7")
		);
		fc.assert(
			fc.property(text, text => {
				const header = readRevocationHeader(text);
				if (isRefusal(header)) expect(header.refused).toBe("sse-close");
				else readClose(header.close);
			}),
			runs(2000)
		);
	});

	it.each<[what: string, id: unknown, part: unknown]>([
		["none", undefined, undefined],
		["one that is no id", "7", undefined],
		["a number", 7, undefined],
		["no part", ID, []],
		["part 0", ID, [0, 2]],
		["a part behind the last", ID, [3, 2]],
		["a part that is no number", ID, ["1", "2"]],
		["too many parts", ID, [1, 1e9]],
		["parts that are no list", ID, { 0: 1, 1: 2 }]
	])("has no key, and so is always new, if its sender gives %s", (_, id, part) => {
		const header = readRevocationHeader(
			JSON.stringify({ id, part, sessionId: "A" })
		) as RevocationHeader;
		expect(header.key).toBeUndefined();
		expect(readClose(header.close)).toMatchObject({ sessionId: "A" });
		const heard = new DuplicateRevocations();
		expect([heard.hear(header.key), heard.hear(header.key)]).toEqual([true, true]);
	});
});

describe("revocations that arrive in two ways", () => {
	const whole = (id: string) => ({ id, part: 1, parts: 1 });

	it("are new once, whichever comes first, and in however many parts", () => {
		const heard = new DuplicateRevocations();
		expect([heard.hear(whole("a")), heard.hear(whole("a"))]).toEqual([true, false]);
		expect(heard.hear({ id: "a", part: 2, parts: 3 })).toBe(false);

		const parts = [1, 2, 2, 3, 1].map(part => heard.hear({ id: "b", part, parts: 3 }));
		expect(parts).toEqual([true, true, false, true, false]);
		expect(heard.hear(whole("b"))).toBe(false);
	});

	it("are new as a whole until every part has arrived", () => {
		const heard = new DuplicateRevocations();
		expect(heard.hear({ id: "a", part: 2, parts: 3 })).toBe(true);
		expect(heard.hear(whole("a"))).toBe(true);
		expect(heard.hear({ id: "a", part: 3, parts: 3 })).toBe(false);
	});

	it("are remembered in bounded number", () => {
		const heard = new DuplicateRevocations();
		for (let n = 0; n < 100_000; n++)
			heard.hear(n % 2 ? whole(`${n}`) : { id: `${n}`, part: 1, parts: 2 });
		expect(heard.size).toBe(10_000);
		expect([heard.hear(whole("99999")), heard.hear(whole("1"))]).toEqual([false, true]);
	});
});
