import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { eventually } from "../../support/eventually.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";
import { isAlive } from "../../support/processes/is-alive.ts";
import { type RunningProcess, spawnNode, spawnProcess } from "../../support/processes/process.ts";

const PARENT = fileURLToPath(new URL("../../support/fixtures/parent.ts", import.meta.url));

/** A process that started a family in another process group; and that family's pids. */
async function startParent(): Promise<{ parent: RunningProcess; family: number[] }> {
	const parent = spawnNode(PARENT);
	onTestFinished(() => parent.stop());
	const [, first, second] = await parent.waitFor(/pids (\d+) (\d+)/);
	return { parent, family: [Number(first), Number(second)] };
}

describe("a spawned process", () => {
	it("shows its output when it ends before the line that was waited for", async () => {
		const child = spawnProcess("sh", ["-c", "echo one; exit 3"]);
		await expect(child.waitFor(/two/)).rejects.toThrow(
			/\(ended with code 3\) ended before it printed \/two\/; its output:\none$/
		);
	});

	it("shows its output when the line does not come in time", async () => {
		const child = spawnProcess("sh", ["-c", "echo one; sleep 300"]);
		onTestFinished(() => child.stop());
		await child.waitFor(/one/);
		await expect(child.waitFor(/two/, 50)).rejects.toThrow(/\(running\) .*within 50 ms; .*\none$/s);
	});

	it("says so when the command does not exist", async () => {
		const child = spawnProcess("no-such-command");
		expect(await child.exited).toMatch(/ENOENT/);
		await child.stop();
	});

	it("is ended by force when it does not end when asked", async () => {
		const child = spawnProcess("sh", ["-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"]);
		await child.waitFor(/up/);
		await child.stop(100);
		expect(child.ended).toBe("signal SIGKILL");
	});

	it("does not know that a test runner started it", async () => {
		const child = spawnProcess("env");
		await child.exited;
		expect(child.output).not.toMatch(/JEST|NODE_ENV/);
	});

	it.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
		"ends, with its own children, when the process that started it is gone by %s",
		async signal => {
			const { parent, family } = await startParent();
			expect(family.map(isAlive)).toEqual([true, true]);
			process.kill(parent.pid, signal);
			await eventually(() => expect(family.map(isAlive)).toEqual([false, false]));
		}
	);
});
