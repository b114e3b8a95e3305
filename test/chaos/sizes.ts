import type { Size } from "./faults/fault.ts";

/** A few seconds each, for every run of the tests. */
export const SHORT: Size = {
	clients: 40,
	rate: 100,
	cuts: 200,
	killed: 2000,
	stopped: 2000,
	frozen: [4000],
	cutOff: 3000,
	suspended: [4000],
	alarmed: [4000],
	random: 15_000
};

export const LONG: Size = {
	clients: 200,
	rate: 500,
	cuts: 1000,
	killed: 5000,
	stopped: 10_000,
	frozen: [5000, 40_000],
	cutOff: 10_000,
	suspended: [5000, 40_000],
	alarmed: [8000, 40_000],
	random: 180_000
};
