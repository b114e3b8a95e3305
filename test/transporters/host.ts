import { fileURLToPath } from "node:url";
import { type RunningProcess, spawnNode } from "../support/processes/process.ts";
import type { Commands } from "./nodes/plan.ts";

const SCRIPT = fileURLToPath(new URL("./nodes/host.ts", import.meta.url));

/** Milliseconds that a process may take to load, and that a command may take beyond its expected time. */
const PATIENCE = 60_000;

type Name = keyof Commands;
type Input<N extends Name> = Parameters<Commands[N]>[0];
type Answer<N extends Name> = Awaited<ReturnType<Commands[N]>>;

/** A process of nodes, and the commands it obeys. */
export class Host {
	readonly process: RunningProcess;
	#asked = 0;

	private constructor(process: RunningProcess) {
		this.process = process;
	}

	/** @param release folder of the Moleculer release that its nodes run on */
	static async start(release: string): Promise<Host> {
		const host = new Host(spawnNode(SCRIPT, [], { env: { MOLECULER: release } }));
		await host.process.waitFor(/^@ready$/m, PATIENCE);
		return host;
	}

	/** Rejects with what the process reports as wrong, or if it has not answered after `timeout` ms. */
	async ask<N extends Name>(
		command: N,
		input: Input<N>,
		timeout: number = PATIENCE
	): Promise<Answer<N>> {
		const id = ++this.#asked;
		this.process.write(`${JSON.stringify({ id, command, input })}\n`);
		const [, answer = ""] = await this.process.waitFor(new RegExp(`^@${id} (.*)\\n`, "m"), timeout);
		const { value, error } = JSON.parse(answer);
		if (error !== undefined) throw new Error(`${command}: ${error}`);
		return value;
	}

	/** Ends it gracefully, as far as that is possible within `grace` ms. */
	stop(grace: number = 3000): Promise<void> {
		return this.process.stop(grace);
	}

	/** The last log lines of its nodes. */
	get log(): string {
		const lines = this.process.output.split("\n").filter(line => line && !line.startsWith("@"));
		return lines.slice(-15).join("\n");
	}
}
