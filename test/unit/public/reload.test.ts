import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { useFakeTimers } from "../../support/fake-timers.ts";

interface State {
	ask(signal: AbortSignal): Promise<string>;
	show(answer: string): void;
	fail(error: Error): void;
}

interface Reload {
	ask(): void;
	retry(): void;
}

// the page's files have no types
const FILE: string = "../../../services/public/reload.js";
const { Reload } = (await import(FILE)) as { Reload: new (state: State) => Reload };

/** A request of the page, under way until the test answers it. */
interface Request {
	readonly signal: AbortSignal;
	answer(text: string): void;
	fail(): void;
}

/** A page's state, and the API that provides it. */
function openPage() {
	const requests: Request[] = [];
	const shown: string[] = [];
	const failures: string[] = [];
	const reload = new Reload({
		ask(signal) {
			const { promise, resolve, reject } = Promise.withResolvers<string>();
			signal.addEventListener("abort", () => reject(new Error("aborted")));
			requests.push({ signal, answer: resolve, fail: () => reject(new Error("refused")) });
			return promise;
		},
		show: answer => shown.push(answer),
		fail: error => failures.push(error.message)
	});
	const last = () => requests.at(-1) as Request;
	return { reload, requests, shown, failures, last };
}

const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => {
	useFakeTimers();
	jest.spyOn(Math, "random").mockReturnValue(0.999);
});
afterEach(() => {
	jest.useRealTimers();
	jest.restoreAllMocks();
});

describe("a page's state", () => {
	it("is requested once for several losses that are reported together, and then not again", async () => {
		const { reload, requests, shown, last } = openPage();
		reload.ask();
		reload.ask();
		await pass(0);
		last().answer("now");
		await pass(60_000);
		expect(requests).toHaveLength(1);
		expect(shown).toEqual(["now"]);
	});

	// A loss reported while a request was under way could be one from after the answer had been made.
	it("is requested again if a loss is reported while a request is under way, and the answers are shown in order", async () => {
		const { reload, requests, shown, last } = openPage();
		reload.ask();
		await pass(0);
		reload.ask();
		await pass(100);
		expect(requests).toHaveLength(1);
		last().answer("of before");
		await pass(0);
		last().answer("of after");
		await pass(60_000);
		expect(requests).toHaveLength(2);
		expect(shown).toEqual(["of before", "of after"]);
	});

	it("is requested until there is an answer, after waits that grow to a minute", async () => {
		const { reload, requests, shown, failures, last } = openPage();
		reload.ask();
		await pass(0);
		const waits: number[] = [];
		for (let n = 0; n < 9; n++) {
			last().fail();
			await pass(0);
			const failed = Date.now();
			await jest.advanceTimersToNextTimerAsync();
			waits.push(Math.round((Date.now() - failed) / 1000));
		}
		expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
		last().answer("at last");
		await pass(120_000);
		expect(requests).toHaveLength(10);
		expect(failures).toHaveLength(9);
		expect(shown).toEqual(["at last"]);
	});

	it("is requested after a wait that differs from page to page", async () => {
		jest.spyOn(Math, "random").mockReturnValue(0);
		const { reload, requests, last } = openPage();
		reload.ask();
		await pass(0);
		last().fail();
		await pass(499);
		expect(requests).toHaveLength(1);
		await pass(1);
		expect(requests).toHaveLength(2);
	});

	it("is not requested earlier because a further loss is reported", async () => {
		const { reload, requests, last } = openPage();
		reload.ask();
		await pass(0);
		last().fail();
		await pass(0);
		reload.ask();
		await pass(900);
		expect(requests).toHaveLength(1);
		await pass(100);
		expect(requests).toHaveLength(2);
	});

	// The example's page forgot a failed request, unless its next stream was a new one (`"resumed":false`). A gateway that died
	// just after an `sse.reset` left it without a report for ever: its stream continued elsewhere from the place of that reset.
	it("is requested at once when the gateway is back, if it is owed", async () => {
		const { reload, requests, shown, last } = openPage();
		reload.ask();
		await pass(0);
		for (let n = 0; n < 6; n++) {
			last().fail();
			await jest.advanceTimersToNextTimerAsync();
		}
		last().fail();
		await pass(0);
		const before = requests.length;
		reload.retry();
		await pass(0);
		expect(requests).toHaveLength(before + 1);
		// and its next failure is the first one
		last().fail();
		await pass(1000);
		expect(requests).toHaveLength(before + 2);
		last().answer("now");
		await pass(0);
		expect(shown).toEqual(["now"]);
		reload.retry();
		await pass(60_000);
		expect(requests).toHaveLength(before + 2);
	});

	it("is requested again at once if a request from before the gateway was back fails, which is not reported as a failure", async () => {
		const { reload, requests, shown, failures, last } = openPage();
		reload.ask();
		await pass(0);
		reload.retry();
		await pass(100);
		expect(requests).toHaveLength(1);
		last().fail();
		await pass(0);
		expect(requests).toHaveLength(2);
		last().answer("now");
		await pass(60_000);
		expect(requests).toHaveLength(2);
		expect(shown).toEqual(["now"]);
		expect(failures).toEqual([]);
	});

	// Streams that came and went more quickly than the API answered would have cancelled every request.
	it("is shown even if the gateway comes back again and again before the API answers", async () => {
		const { reload, requests, shown, last } = openPage();
		reload.ask();
		await pass(0);
		for (let n = 0; n < 5; n++) {
			await pass(1000);
			reload.retry();
		}
		last().answer("slow");
		await pass(60_000);
		expect(shown).toEqual(["slow"]);
		expect(requests).toHaveLength(1);
	});

	it("is requested again if there is no answer for ten seconds", async () => {
		const { reload, requests, failures, last } = openPage();
		reload.ask();
		await pass(9999);
		expect(last().signal.aborted).toBe(false);
		await pass(1);
		expect(failures).toEqual(["aborted"]);
		await pass(1000);
		expect(requests).toHaveLength(2);
	});
});
