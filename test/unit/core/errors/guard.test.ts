import { describe, expect, it } from "@jest/globals";
import { lineOf, reasonOf, stackOf, toError } from "../../../../mixins/sse/core/errors/guard.ts";

const thrower = (): never => {
	throw new Error("not to be looked at");
};

describe("what was thrown", () => {
	it.each([
		[new Error("why"), "why"],
		["why", "why"],
		[undefined, "undefined"],
		[Object.create(null), "what was thrown has no text"],
		[{ toString: thrower }, "what was thrown has no text"],
		[new Proxy({}, { getPrototypeOf: thrower }), "what was thrown has no text"]
	])("has a text, whatever it is", (thrown, text) => {
		expect(toError(thrown).message).toBe(text);
		expect(reasonOf(thrown)).toBe(text);
	});

	it("has a text even if its message cannot be read", () => {
		const error = Object.defineProperty(new Error(), "message", { get: thrower });
		expect(reasonOf(error)).toBe("what was thrown has no text");
		expect(lineOf(error)).toBe("what was thrown has no text");
	});

	// A template throws for a symbol: the refusal became a failure of the gateway.
	it("has a text even if its name, message or stack is none", () => {
		const symbol = Symbol("odd");
		const named = Object.assign(new Error("why"), { name: symbol });
		expect(lineOf(named)).toBe("why");
		const error = Object.assign(new Error("why"), { name: symbol, message: symbol, stack: symbol });
		for (const text of [lineOf(error), reasonOf(error), stackOf(error)]) {
			expect(text).toBe("Symbol(odd)");
		}
		const bare = Object.assign(new Error("why"), { stack: Object.create(null) });
		expect(stackOf(bare)).toBe("why");
	});

	it("has its message in place of a stack that cannot be read", () => {
		const error = Object.defineProperty(new Error("why"), "stack", { get: thrower });
		expect(stackOf(error)).toBe("why");
		expect(lineOf(error)).toBe("Error: why");
	});
});
