import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { FakeBrowser } from "../../support/clients/fake-browser.ts";
import { useFakeTimers } from "../../support/fake-timers.ts";

beforeEach(() => useFakeTimers());
afterEach(() => {
	jest.clearAllTimers();
	jest.useRealTimers();
});

const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

const PAGES = 60;
/** Over EventSource, and over `fetch`. */
const TRANSPORTS = [{}, { headers: {} }];

/** The pages of a building, each with a stream of its own. */
async function open(options: object, retry = 20) {
	const browser = new FakeBrowser();
	browser.gateway.retry = retry;
	const pages = Array.from({ length: PAGES }, () => {
		const tab = browser.tab();
		return { tab, page: tab.open(["news"], { shared: false, ...options }) };
	});
	await pass(1000);
	const { gateway } = browser;
	const { length } = gateway.requests;
	/** Requests since all were open. */
	const asked = () => gateway.requests.length - length;
	return { gateway, pages, asked };
}

describe.each(TRANSPORTS)("pages whose network is back, with the options %j", options => {
	it("come back within a second, and not all at once", async () => {
		const { gateway, pages, asked } = await open(options);
		for (const { tab } of pages) tab.fire("online");
		const counts: number[] = [];
		for (let n = 0; n < 10; n++) {
			const before = asked();
			await pass(100);
			counts.push(asked() - before);
		}
		await pass(100);

		expect(asked()).toBe(PAGES);
		expect(Math.max(...counts)).toBeLessThan(PAGES / 2);
		expect(gateway.streams.size).toBe(PAGES);
	});

	// A gateway that stops tells each client another time, so that they come to the others one after the other.
	it("keep to the times at which a gateway wants them, and come once", async () => {
		const { gateway, pages, asked } = await open(options, 30_000);
		gateway.end("drain");
		for (let n = 0; n < 5; n++) {
			for (const { tab } of pages) tab.fire("online");
			await pass(5000);
		}
		expect(asked()).toBe(0);
		await pass(6000);

		expect(asked()).toBe(PAGES);
		expect(gateway.streams.size).toBe(PAGES);
	});

	it("ask for nothing once they are closed", async () => {
		const { pages, asked } = await open(options);
		for (const { tab, page } of pages) {
			tab.fire("online");
			page.connection.close();
		}
		await pass(5000);

		expect(asked()).toBe(0);
	});
});
