import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { section, tableRows } from "../support/markdown.ts";

const BENCHMARKS = readFileSync("docs/benchmarks.md", "utf8");
const CAPACITY = readFileSync("docs/production/capacity.md", "utf8");
const README = readFileSync("README.md", "utf8");

/** By how much a figure may differ from the latest run: they differ from run to run, on machines that have other work too. */
const NOISE = 0.2;

/** A cell of a table of the benchmarks, as a number. */
function measured(heading: string, row: string, column: string): number {
	const body = section(BENCHMARKS, heading);
	const head =
		/^\|(.*)\|$/m
			.exec(body)?.[1]
			?.split("|")
			.map(cell => cell.trim()) ?? [];
	const cells = tableRows(body).find(([first]) => first === row) ?? [];
	return Number((cells[head.indexOf(column)] ?? "").replaceAll(",", ""));
}

/** What a target has reached: `0.59×`. */
function ratio(name: string, peer: string): number {
	const rows = tableRows(section(BENCHMARKS, "Targets"));
	const cells = rows.find(([first, measure]) => first === name && measure?.includes(peer)) ?? [];
	return Number.parseFloat(cells[4] ?? "");
}

const LONE = "One event a tick to 10,000 streams";
const BURST = "Ten events a tick to 5,000 streams";
const ELSEWHERE = ["Events for other gateways", "lone, back to back"] as const;

describe("the figures of capacity are those of the benchmarks", () => {
	const said = (pattern: RegExp, text = CAPACITY) =>
		Number(pattern.exec(text)?.[1]?.replaceAll(",", ""));

	it.each<[what: string, said: number, measured: number]>([
		[
			"memory of an idle stream",
			said(/idle stream \| ([\d.]+) KiB/),
			measured("Memory of an idle stream", "moleculer-sse", "RSS KiB a stream")
		],
		[
			"an event to one session",
			said(/10,000 sessions \| (\d+) µs/),
			measured("Sends to one session of 10,000", "moleculer-sse", "CPU µs a send")
		],
		[
			"an event to many streams",
			said(/10,000 streams \| (\d+) µs a stream/),
			measured(LONE, "moleculer-sse", "CPU µs a delivery")
		],
		[
			"events in bursts",
			said(/\| ([\d.]+) µs a delivery/),
			measured(BURST, "moleculer-sse", "CPU µs a delivery")
		],
		[
			"an event for another gateway, over AMQP",
			said(/another gateway \| (\d+) µs/),
			measured(ELSEWHERE[0], "Moleculer's broadcast (AMQP)", ELSEWHERE[1])
		],
		[
			"an event for another gateway, on a stream",
			said(/transporter, (\d+) µs on a RabbitMQ stream/),
			measured(ELSEWHERE[0], "RabbitMQ stream", ELSEWHERE[1])
		],
		[
			"memory of 50,000 streams",
			said(/within ([\d,]+) MiB/),
			measured("50,000 streams on one node", "HTTP/2", "RSS MiB")
		],
		["README's ratio", said(/gateway ([\d.]+) of the CPU/, README), ratio("lone", "better-sse")],
		[
			"the ratio of a burst",
			said(/\| ten events a tick to 5,000 streams \| ([\d.]+)/),
			ratio("burst", "better-sse")
		],
		[
			"the ratio of memory",
			said(/memory of an idle stream, of 10,000 \| – \| ([\d.]+)/),
			ratio("memory", "bare http")
		]
	])("%s", (_, figure, now) => {
		expect(now).toBeGreaterThan(0);
		expect(Math.abs(figure - now) / now).toBeLessThan(NOISE);
	});
});
