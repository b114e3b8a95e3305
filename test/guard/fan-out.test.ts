import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";
import { GUARD } from "../bench/measures/guard.ts";
import { readResults } from "../bench/report/results.ts";

const RECORDED = fileURLToPath(new URL("../../docs/benchmarks", import.meta.url));

/** Small, and so noisy: only a gross loss shows, and noise never fails it. */
const SCALE = { quick: true, rounds: { openings: 1, rounds: 5 }, deliveries: 20_000 };
const GROSS = 2;

it("an event costs less than twice the recorded multiple of what bare http takes for it", async () => {
	const recorded = readResults(RECORDED).guard?.findings.measured[0];
	expect(typeof recorded).toBe("number");

	const { measured } = await GUARD.run(SCALE);

	expect(typeof measured[0]).toBe("number");
	expect(measured[0]).toBeLessThan(GROSS * (recorded as number));
});
