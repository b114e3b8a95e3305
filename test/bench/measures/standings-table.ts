import type { Table } from "./measure.ts";
import { type Standing, typical } from "./race.ts";

const KILO = 1024;

/** What every entrant of a race got, with everything that is measured besides the CPU. */
export function standingsTable(standings: readonly Standing[]): Table {
	return {
		columns: [
			"",
			"CPU µs a delivery",
			"deliveries/s",
			"p50 ms",
			"p99 ms",
			"bytes a delivery",
			"RSS KiB a stream",
			"heap KiB a stream",
			"load generator µs"
		],
		rows: standings.map(({ entrant, figures, dropOut }) =>
			dropOut === undefined
				? [
						entrant.title,
						typical(figures, "cpu"),
						typical(figures, "deliveriesPerSecond"),
						typical(figures, "p50") / 1000,
						typical(figures, "p99") / 1000,
						typical(figures, "bytes"),
						typical(figures, "rss") / KILO,
						typical(figures, "heap") / KILO,
						typical(figures, "generatorCpu")
					]
				: [entrant.title, `skipped: ${dropOut}`]
		)
	};
}
