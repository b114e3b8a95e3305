import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { skip } from "../support/skip.ts";
import { playJob, type Result } from "./job.ts";
import { type Job, serversOf } from "./matrix.ts";
import { bringMoleculer } from "./releases.ts";
import { line } from "./report.ts";
import { bringServers } from "./servers/bring.ts";
import { Shelf } from "./servers/shelf.ts";
import { shortJobs } from "./short.ts";
import { TRANSPORTER } from "./transporters.ts";

// `npm run test:transporters` plays the whole matrix, on every release and variant.

/** Milliseconds within which a loss is reported. */
const WITHIN = 15_000;

const JOBS = shortJobs();
let shelf: Shelf;
/** All at once, because each mostly waits. */
let played: ReadonlyMap<Job, Promise<Result[]>>;

beforeAll(async () => {
	shelf = new Shelf(await bringServers(serversOf(JOBS)));
	for (const version of new Set(JOBS.map(job => job.version))) await bringMoleculer(version);
	const possible = JOBS.filter(job => lackOf(job) === null);
	played = new Map(possible.map(job => [job, play(job)]));
	// a failing one is reported by its own test
	for (const results of played.values()) results.catch(() => {});
}, 120_000);
afterAll(() => shelf.stop());

describe("an event is delivered, or reported to those who missed it and to nobody else, over", () => {
	it.each(JOBS.map(job => ({ job, title: TRANSPORTER[job.transporter].title })))(
		"$title",
		async ({ job }) => {
			const lack = lackOf(job);
			if (lack !== null) skip(lack);
			const results = (await played.get(job)) ?? [];
			const broken = results.filter(({ outcome }) => outcome === "BROKEN");
			expect(broken.map(line)).toEqual([]);
			// what cannot be played with one node, or in one process, is not judged here
			expect(results.filter(({ outcome }) => outcome === "ok")).not.toEqual([]);
		}
	);
});

/** Why there is no server for a job; null if there is one, or it needs none. */
function lackOf(job: Job): string | null {
	const { server } = TRANSPORTER[job.transporter];
	return server === undefined ? null : shelf.lack(server);
}

async function play(job: Job): Promise<Result[]> {
	const results: Result[] = [];
	const conditions = { shelf, within: WITHIN, showLogs: false };
	await playJob(job, conditions, result => results.push(result));
	return results;
}
