import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "@jest/globals";
import { Flush } from "../../../mixins/sse/streams/flush.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";

// An error left the writes marked as due, and nobody to do them: no stream of the gateway was written to again.
it("an error of one stream holds up no other, in this turn and after it", async () => {
	const others = process.listeners("uncaughtException");
	process.removeAllListeners("uncaughtException");
	const thrown: unknown[] = [];
	const note = (error: unknown) => void thrown.push(error);
	process.on("uncaughtException", note);
	onTestFinished(() => {
		process.off("uncaughtException", note);
		for (const other of others) process.on("uncaughtException", other);
	});
	const flush = new Flush();
	const written: string[] = [];
	const streamOf = (name: string) => ({ flush: () => void written.push(name) });
	const failure = new Error("broken");
	flush.add(streamOf("a"));
	flush.add({
		flush: () => {
			throw failure;
		}
	});
	flush.add(streamOf("b"));
	await turn();
	await turn();
	flush.add(streamOf("c"));
	await turn();
	await turn();

	expect(written).toEqual(["a", "b", "c"]);
	expect(thrown).toEqual([failure]);
});
