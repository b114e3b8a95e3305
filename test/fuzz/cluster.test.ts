import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { runs } from "../support/fuzz.ts";
import { VirtualCluster } from "../support/virtual/cluster.ts";
import { COURSE, type Course, harmsOf, play } from "../support/virtual/course.ts";
import { judge, type Verdict } from "../support/virtual/judge.ts";

/** Courses in an ordinary run: each takes a second or less. */
const COURSES = 24;
/** Milliseconds for which a course that fails is made smaller. */
const SHRINKING = 60_000;
/** How often a page may be told for nothing, for each time that something went wrong while it was open. */
const MOST_FOR_NOTHING = 0.6;

/** Plays a course on a cluster of its own. */
async function outcomeOf(course: Course): Promise<Verdict & { trace: string[] }> {
	const cluster = new VirtualCluster(course.seed);
	try {
		await play(cluster, course);
		return { ...(await judge(cluster)), trace: cluster.trace };
	} finally {
		await cluster.end();
	}
}

// A page was not told of what had been sent to it, in ever rarer courses of events: a node that had been asked stood without
// services before it died; a process ended while another one of its name was not known yet; a sender that was cut off from one gateway
// alone lived on.
it("tells every page of every event that does not come, whatever becomes of nodes and network", async () => {
	const given = process.env.COURSE;
	if (given !== undefined) {
		const { faults, trace } = await outcomeOf(JSON.parse(given));
		process.stdout.write(`${trace.join("\n")}\n`);
		expect(faults).toEqual([]);
		return;
	}
	let told = 0;
	let toldForNothing = 0;
	let harms = 0;
	let failedAt = Number.POSITIVE_INFINITY;
	const property = fc.asyncProperty(COURSE, async course => {
		if (performance.now() > failedAt + SHRINKING) return;
		const verdict = await outcomeOf(course);
		told += verdict.told;
		toldForNothing += verdict.toldForNothing;
		harms += harmsOf(course) * verdict.pages;
		if (verdict.faults.length === 0) return;
		failedAt = Math.min(failedAt, performance.now());
		throw new Error(
			`${verdict.faults.join("\n")}\n\n${verdict.trace.join("\n")}\n\nCOURSE='${JSON.stringify(course)}'`
		);
	});
	await fc.assert(property, runs(COURSES));
	const share = toldForNothing / harms;
	process.stdout.write(
		`pages were told ${told} times, ${toldForNothing} times for nothing: ${share.toFixed(2)} times a page and fault\n`
	);
	expect(share).toBeLessThan(MOST_FOR_NOTHING);
});
