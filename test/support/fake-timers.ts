import { jest } from "@jest/globals";

type Options = Parameters<typeof jest.useFakeTimers>[0];
type Fakeable = Options extends infer Each
	? Each extends { doNotFake?: (infer Name)[] }
		? Name
		: never
	: never;

/** Everything that could be faked. */
const ALL: readonly Fakeable[] = [
	...(["Date", "hrtime", "nextTick", "performance", "queueMicrotask"] as const),
	...(["requestAnimationFrame", "cancelAnimationFrame"] as const),
	...(["requestIdleCallback", "cancelIdleCallback"] as const),
	...(["setImmediate", "clearImmediate", "setInterval", "clearInterval"] as const),
	...(["setTimeout", "clearTimeout"] as const)
];

/** Promises settle, and what Node itself defers happens, as ever. */
const REAL: readonly Fakeable[] = ["nextTick", "queueMicrotask"];

/** Fakes the given clocks and timers, by default all; until `jest.useRealTimers()`. */
export function useFakeTimers(
	fake: readonly Fakeable[] = ALL.filter(name => !REAL.includes(name))
): void {
	jest.useFakeTimers({ doNotFake: ALL.filter(name => !fake.includes(name)) });
}
