import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { FakeBrowser } from "../../support/clients/fake-browser.ts";
import { useFakeTimers } from "../../support/fake-timers.ts";

beforeEach(() => useFakeTimers());
afterEach(() => {
	jest.clearAllTimers();
	jest.useRealTimers();
});

const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

describe("a page that is hidden", () => {
	it("from the start closes its stream as one that is hidden later does", async () => {
		const browser = new FakeBrowser();
		const tab = browser.tab();
		tab.document.visibilityState = "hidden";
		const page = tab.open(["news"], { hiddenFor: 5000 });
		await pass(4000);
		expect(browser.gateway.streams.size).toBe(1);
		await pass(2000);
		expect(browser.gateway.streams.size).toBe(0);
		tab.show(true);
		await pass(1000);

		expect(page.connection.state).toBe("open");
		expect(page.starts).toBe(1);
	});

	// A browser says in two ways that it has brought a page back, and each opened a stream.
	it("and kept by the browser opens one stream when it is back", async () => {
		const browser = new FakeBrowser();
		const tab = browser.tab();
		const page = tab.open(["news"]);
		await pass(1000);
		tab.fire("pagehide");
		tab.document.fire("freeze");
		expect(browser.gateway.streams.size).toBe(0);
		tab.document.fire("resume");
		tab.fire("pageshow", { persisted: true });
		await pass(1000);

		expect(page.connection.state).toBe("open");
		expect(browser.gateway.requests).toHaveLength(2);
	});

	it("opens none for a name that is added meanwhile", async () => {
		const browser = new FakeBrowser();
		const tab = browser.tab();
		const page = tab.open(["news"], { hiddenFor: 50 });
		await pass(20);
		tab.show(false);
		await pass(1000);
		page.listen("more");
		await pass(1000);
		expect(browser.gateway.streams.size).toBe(0);
		tab.show(true);
		await pass(1000);

		expect(browser.gateway.names).toEqual(["more,news"]);
	});
});
