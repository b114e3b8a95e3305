import { expect, it } from "@jest/globals";
import { Turns } from "../../../mixins/sse/streams/replay-turns.ts";

// One turn for each of a hundred replays meant a hundred turns before anything else had its own.
it("long pieces of work leave the event loop its turns, and take their own in order", async () => {
	const turns = new Turns();
	const fail = (error: Error): void => done.reject(error);
	const log: string[] = [];
	const done = Promise.withResolvers<void>();
	const work = (name: string, pieces: number) => () => {
		for (const until = performance.now() + 10; performance.now() < until; );
		log.push(name);
		if (pieces > 1) turns.later(work(name, pieces - 1), fail);
		else if (name === "c") done.resolve();
	};
	for (const name of ["a", "b", "c"]) turns.later(work(name, 3), fail);
	const others = () => {
		log.push("-");
		if (log.filter(entry => entry === "c").length < 3) setImmediate(others);
	};
	setImmediate(others);
	await done.promise;

	const pieces = log.filter(entry => entry !== "-");
	expect(pieces.join("")).toBe("abcabcabc");
	// between any two pieces something else had its turn
	expect(log.join("")).not.toMatch(/[abc]{2}/);
});

// The error ended the process; if something caught it there, everything that waited behind it waited for ever.
it("a piece of work that throws is reported to its owner, and those behind it are done", async () => {
	const turns = new Turns();
	const { promise, resolve } = Promise.withResolvers<void>();
	const failures: string[] = [];
	const piece = (): void => {
		throw new Error("no piece");
	};
	turns.later(piece, ({ message }) => failures.push(message));
	turns.later(resolve, ({ message }) => failures.push(message));
	await promise;

	expect(failures).toEqual(["no piece"]);
});
