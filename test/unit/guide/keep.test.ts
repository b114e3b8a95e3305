import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { snippetOf } from "../../support/markdown.ts";

type Handler = (payload?: unknown) => void;

/** A page that adds up numbers by the guide's `keep`, over a connection that does what it is told to. */
async function start(load: () => Promise<number>) {
	const code = snippetOf(readFileSync("docs/guide/in-the-browser.md", "utf8"), "keep");
	const { keep } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	const handlers = new Map<string, Handler>();
	const listen = (name: string) => (handler: Handler) => {
		handlers.set(name, handler);
		return () => handlers.delete(name);
	};
	const events = {
		on: (name: string, handler: Handler) => listen(name)(handler),
		onStart: listen("start"),
		onReset: listen("reset")
	};
	const shown: number[] = [];
	const end: () => void = keep(
		events,
		load,
		{ more: (sum: number, by: number) => sum + by },
		(sum: number) => void shown.push(sum)
	);
	const fire = async (name: string, payload?: unknown) => {
		handlers.get(name)?.(payload);
		await jest.advanceTimersByTimeAsync(0);
	};
	return { fire, shown, end, handlers };
}

describe("a state that the guide's recipe keeps", () => {
	beforeEach(() => void jest.useFakeTimers());
	afterEach(() => {
		jest.useRealTimers();
		jest.restoreAllMocks();
	});

	it("is what was loaded, and what has come since that was asked for", async () => {
		const loads: ((sum: number) => void)[] = [];
		const { fire, shown } = await start(() => new Promise(resolve => loads.push(resolve)));
		await fire("start");
		await fire("more", 1);
		await fire("reset", "gap");
		await fire("more", 2);
		loads[1]?.(0);
		await fire("more", 4);
		loads[0]?.(100);
		await fire("more", 8);

		expect(shown).toEqual([6, 14]);
	});

	it("is loaded again if that fails, as long as somebody looks", async () => {
		const complained = jest.spyOn(console, "error").mockImplementation(() => {});
		let asked = 0;
		const { fire, shown, end, handlers } = await start(() =>
			++asked === 2 ? Promise.resolve(7) : Promise.reject(new Error("no network"))
		);
		await fire("start");
		await fire("more", 1);
		expect([asked, shown]).toEqual([1, []]);
		await jest.advanceTimersByTimeAsync(5000);
		expect([asked, shown]).toEqual([2, [7]]);
		await fire("reset", "gap");
		end();
		await jest.advanceTimersByTimeAsync(60_000);

		expect(asked).toBe(3);
		expect(complained).toHaveBeenCalledTimes(2);
		expect(handlers.size).toBe(0);
	});
});
