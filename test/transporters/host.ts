import { fileURLToPath } from "node:url";
import { type RunningProcess, spawnNode } from "../support/processes/process.ts";
import type { Commands } from "./nodes/plan.ts";

const SCRIPT = fileURLToPath(new URL("./nodes/host.ts", import.meta.url));

/** Milliseconds that a process may take to load, and that a command may take beyond what it is to take. */
const PATIENCE = 60_000;

type Name = keyof Commands;
type Input<N extends Name> = Parameters<Commands[N]>[0];
type Answer<N extends Name> = Awaited<ReturnType<Commands[N]>>;

/** A process of nodes, and what can be asked of it. */
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

	/** Rejects with what the process says went wrong, or if it has not answered after `timeout` ms. */
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

	/** Ends it in order, as far as that comes about within `grace` ms. */
	stop(grace: number = 3000): Promise<void> {
		return this.process.stop(grace);
	}

	/** What its nodes logged last. */
	get log(): string {
		const lines = this.process.output.split("\n").filter(line => line && !line.startsWith("@"));
		return lines.slice(-15).join("\n");
	}
}
