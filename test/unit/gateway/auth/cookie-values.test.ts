import { describe, expect, it } from "@jest/globals";
import { parseCookie } from "cookie";
import fc from "fast-check";
import { cookieValues } from "../../../../mixins/sse/gateway/auth/cookie-values.ts";
import { stubGlobal } from "../../../support/stub-global.ts";

const NAMES = ["sid", "sid-sse"] as const;

/** How many values are decoded for a header. */
function decodings(header: string): number {
	const decode = decodeURIComponent;
	let count = 0;
	stubGlobal("decodeURIComponent", text => {
		count++;
		return decode(text);
	});
	cookieValues(header, NAMES);
	return count;
}

describe("the values of two cookies", () => {
	it("are those that a parser of cookies finds, in their order", () => {
		const part = fc.oneof(
			fc.constantFrom("sid=a", " sid=b", "sid-sse=c", "\tsid =d ", "sid=%61", "sid=%", "sid", "="),
			fc.string({ unit: fc.constantFrom("s", "i", "d", "=", " ", "%", "-"), maxLength: 8 })
		);
		fc.assert(
			fc.property(fc.array(part, { maxLength: 9 }), parts => {
				const expected = NAMES.map(name => parts.flatMap(part => parseCookie(part)[name] ?? []));
				expect(cookieValues(parts.join(";"), NAMES)).toEqual(expected);
			})
		);
	});

	// Every part was parsed twice, and each bad value threw: a header of 15 KB took 20 milliseconds of a gateway.
	it("are decoded as seldom for a long header as for one of half its length", () => {
		const counts = [500, 1000, 2000].map(times => decodings("sid=%zz; sid-sse=%;".repeat(times)));

		expect(counts).toEqual([20, 20, 20]);
	});
});
