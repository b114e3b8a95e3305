import { BARE_HTTP, PRODUCT } from "../entrants/node-entrant.ts";
import { streamsPossible } from "../process/open-files.ts";
import type { Measure } from "./measure.ts";
import { median } from "./statistics.ts";
import { aim } from "./targeted-sends.ts";

const ENTRANTS = [PRODUCT, BARE_HTTP];

export const SESSIONS: Measure = {
	name: "sessions",
	title: "Cost against sessions",
	targets: [],
	async run({ quick }) {
		const wanted = quick ? [1000, 4000] : [1000, 2000, 5000, 10_000, 20_000, 50_000];
		const most = streamsPossible(Math.max(...wanted));
		const counts = [...new Set(wanted.map(count => Math.min(count, most)))];
		const points = ENTRANTS.map((): [number, number][] => []);
		for (const count of counts) {
			const results = await aim(ENTRANTS, count, quick ? 2 : 5);
			for (const [at, entrant] of ENTRANTS.entries()) {
				points[at]?.push([count, median(results.get(entrant)?.cpu ?? [])]);
			}
		}
		return {
			measured: [],
			tables: [
				{
					columns: ["CPU µs a send", ...counts.map(count => count.toLocaleString("en"))],
					rows: ENTRANTS.map(({ title }, at) => [
						title,
						...(points[at] ?? []).map(([, cpu]) => cpu)
					])
				}
			],
			plots: [
				{
					name: "sessions",
					title: "Cost against sessions",
					x: "sessions with one stream each, events to one of them",
					y: "µs of CPU a send",
					series: ENTRANTS.map(({ title }, at) => ({ title, points: points[at] ?? [] }))
				}
			]
		};
	}
};
