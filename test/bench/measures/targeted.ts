import { BARE_HTTP, type NodeEntrant, PRODUCT } from "../entrants/node-entrant.ts";
import { type Measure, measured, type Scale } from "./measure.ts";
import { median, medianRatio } from "./statistics.ts";
import { type Aimed, aim } from "./targeted-sends.ts";

const STREAMS = 10_000;

export const TARGETED: Measure = {
	name: "targeted",
	title: "Sends to one session of 10,000",
	targets: [
		{
			what: "targeted sends to one of 10,000 streams, p99 send to receipt: against bare http",
			mustReach: 1.5,
			aim: 1.1,
			unit: "×"
		}
	],
	async run(scale: Scale) {
		const entrants = [PRODUCT, BARE_HTTP];
		const results = await aim(entrants, STREAMS, scale.quick ? 3 : 9);
		const of = (entrant: NodeEntrant): Aimed => results.get(entrant) as Aimed;
		return {
			measured: [measured(() => medianRatio(of(PRODUCT).p99, of(BARE_HTTP).p99))],
			tables: [
				{
					columns: ["", "p50 ms", "p99 ms", "CPU µs a send, paced", "CPU µs a send", "sends/s"],
					rows: entrants.map(entrant => [
						entrant.title,
						median(of(entrant).p50) / 1000,
						median(of(entrant).p99) / 1000,
						median(of(entrant).pacedCpu),
						median(of(entrant).cpu),
						1e6 / median(of(entrant).cpu)
					])
				}
			],
			notes: [
				"Latencies at 2,000 sends/s; sends/s is what one core has time for, sending as fast as it goes."
			]
		};
	}
};
