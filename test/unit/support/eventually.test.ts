import { describe, expect, it } from "@jest/globals";
import { eventually } from "../../support/eventually.ts";

describe("eventually", () => {
	it("returns what the first successful attempt returned", async () => {
		let attempts = 0;
		const result = await eventually(() => {
			expect(++attempts).toBe(3);
			return "done";
		});
		expect(result).toBe("done");
	});

	it("rejects with the last failure and how long it waited", async () => {
		const impossible = eventually(() => expect(1).toBe(2), { timeout: 50, interval: 10 });
		await expect(impossible).rejects.toMatchObject({
			message: expect.stringMatching(/^not within 50 ms \(\d+ attempts\): .*expect.*toBe/),
			// what is printed
			stack: expect.stringMatching(/^Error: not within 50 ms \(\d+ attempts\): .*expect.*toBe/),
			matcherResult: { actual: 1, expected: 2 }
		});
	});

	it("gives up on an attempt that hangs", async () => {
		const hanging = eventually(() => new Promise(() => {}), { timeout: 50 });
		await expect(hanging).rejects.toThrow("not within 50 ms (1 attempts)");
	});
});
