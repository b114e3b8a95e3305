import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
	isNobody,
	readRecipients,
	readSessionId
} from "../../../../mixins/sse/core/addressing/session-id.ts";
import { isRefusal, type Refusal } from "../../../../mixins/sse/core/errors/refusal.ts";

const refusalOf = (input: unknown, typed = false): Refusal => {
	const read = readSessionId(input, "sessionId", typed);
	if (!isRefusal(read)) throw new Error(`was accepted: ${read}`);
	return read;
};

describe("a session id", () => {
	it("is a text of 1 to 256 characters, as it is", () => {
		for (const id of ["a", "007", "1e3", "-0", " ", "\n", "Ann 👩", "x".repeat(256)]) {
			expect(readSessionId(id, "sessionId")).toBe(id);
		}
	});

	// Users' ids are numbers in most databases. Each push to `user.id` was refused.
	it("may also be a whole number, which means its decimal text", () => {
		expect(readSessionId(42, "sessionId")).toBe("42");
		expect(readSessionId(0, "sessionId")).toBe("0");
		expect(readSessionId(-7, "sessionId")).toBe("-7");
		expect(readSessionId(Number.MAX_SAFE_INTEGER, "sessionId")).toBe("9007199254740991");
		fc.assert(
			fc.property(fc.maxSafeInteger(), id => {
				fc.pre(!Object.is(id, -0));
				expect(readSessionId(id, "sessionId")).toBe(BigInt(id).toString());
			})
		);
	});

	it.each([
		["NaN", Number.NaN, "is NaN, which is not a whole number: give a string"],
		["no end", Number.POSITIVE_INFINITY, "is Infinity, which is not a whole number"],
		["a fraction", 1.5, "is 1.5, which is not a whole number: give a string"],
		["-0", -0, `is -0, whose text would be "0": give 0, or a string`],
		["past 2^53", 2 ** 53, "is 9007199254740992, which has lost digits"],
		["far below zero", -(2 ** 60), "has lost digits because it is beyond 2^53 - 1: give a string"],
		["a BigInt", 7n, "is the BigInt 7: give its text, String(id)"],
		["a number's object", Object(7), "takes a string or a whole number"],
		["true", true, "takes a string or a whole number"],
		["null", null, "takes a string or a whole number"],
		["nothing", undefined, "takes a string or a whole number"],
		["an empty text", "", "is empty"],
		["a long text", "x".repeat(257), "is longer than 256 characters"],
		["half a character", "Ann \ud83d", "contains a lone surrogate: give valid Unicode"],
		["the other half", "\udc69 Ann", "contains a lone surrogate"],
		["everyone", "*", "addresses everyone"]
	])("is refused by name, with the remedy: %s", (_, id, problem) => {
		const { refused, message } = refusalOf(id);

		expect(refused).toBe("sessionId");
		expect(message).toMatch(/^"sessionId" .+\.$/);
		expect(message).toContain(problem);
	});

	it("that the REPL has read as a number: the refusal names the command that keeps text", () => {
		expect(refusalOf(1.5, true).message).toContain('"sse send" keeps ids as text');
		expect(refusalOf("", true).message).not.toContain("sse send");
	});
});

describe("recipients", () => {
	it("are one session, several, nobody, or everyone", () => {
		expect(readRecipients("a", false)).toBe("a");
		expect(readRecipients(7, false)).toBe("7");
		expect(readRecipients(["a", 7, "7"], false)).toEqual(["a", "7", "7"]);
		expect(readRecipients([], false)).toEqual([]);
		expect(readRecipients("*", false)).toBe("*");
	});

	it("are nobody only for an empty list", () => {
		expect(isNobody([])).toBe(true);
		expect(isNobody("a")).toBe(false);
		expect(isNobody(["a"])).toBe(false);
	});

	it.each([
		["sessionId", undefined],
		["sessionId", null],
		["sessionId", ""],
		["sessionId", {}],
		["sessionId[1]", ["a", "*"]],
		["sessionId[1]", ["a", "\ud83d"]],
		["sessionId[0]", [undefined]],
		["sessionId[0]", [["a"]]],
		["sessionId[2]", ["a", 1, 1.5]]
	])("are refused, and the refusal names the wrong one: %s of %j", (field, recipients) => {
		const read = readRecipients(recipients, false);

		expect(read).toMatchObject({ refused: field, message: expect.stringContaining(`"${field}"`) });
	});
});
