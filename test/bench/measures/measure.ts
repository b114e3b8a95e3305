import type { Rounds } from "./race.ts";

/** How much is measured: all of it, or enough to see that it works. */
export interface Scale {
	readonly quick: boolean;
	readonly rounds: Rounds;
	/** Least deliveries of a round, for each entrant. */
	readonly deliveries: number;
}

/** A number that has to be reached: at most this. */
export interface Target {
	/** What is measured, as named in the table. */
	readonly what: string;
	readonly mustReach: number;
	readonly aim?: number;
	/** After the numbers: `×`, ` µs`. */
	readonly unit: string;
}

/** A target's number, or why there is none. */
export type Measured = number | { readonly reason: string };

/** Rows under headings; anything but a number is shown as it is. */
export interface Table {
	readonly columns: readonly string[];
	readonly rows: readonly (readonly (string | number)[])[];
}

export interface Series {
	readonly title: string;
	readonly points: readonly (readonly [x: number, y: number])[];
}

/** A plot of cost against something. */
export interface Plot {
	/** Name of its file. */
	readonly name: string;
	readonly title: string;
	readonly x: string;
	readonly y: string;
	readonly series: readonly Series[];
}

/** What a measure found. Plain data. */
export interface Findings {
	/** In the order of the measure's targets. */
	readonly measured: readonly Measured[];
	readonly tables: readonly Table[];
	readonly plots?: readonly Plot[];
	/** Lines for readers of the numbers. */
	readonly notes?: readonly string[];
}

export interface Measure {
	/** As on the command line. */
	readonly name: string;
	readonly title: string;
	readonly targets: readonly Target[];
	run(scale: Scale): Promise<Findings>;
}

/** A number, or the reason why there is none. */
export function measured(get: () => number): Measured {
	try {
		return get();
	} catch (error) {
		return { reason: (error as Error).message };
	}
}
