import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { freePort } from "../support/processes/ports.ts";
import { type RunningProcess, spawnNode } from "../support/processes/process.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";
import { bounded, npm } from "./run.ts";

/** A project of a user: its files by their paths, and the packages that it installs. */
export interface Plan {
	readonly type: "module" | "commonjs";
	readonly packages: readonly string[];
	readonly files: Readonly<Record<string, string>>;
}

/** A project in a folder of its own, installed from the registry and the packed tarball. */
export class Project {
	readonly #folder: TempFolder;

	private constructor(folder: TempFolder) {
		this.#folder = folder;
	}

	static async create(plan: Plan): Promise<Project> {
		const project = new Project(tempFolder("project"));
		await project.write({
			"package.json": JSON.stringify({ private: true, type: plan.type }),
			...plan.files
		});
		const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
		await npm(["install", "--prefer-offline", ...quiet, ...plan.packages], project.path);
		return project;
	}

	get path(): string {
		return this.#folder.path;
	}

	async write(files: Readonly<Record<string, string>>): Promise<void> {
		for (const [name, text] of Object.entries(files)) {
			const path = join(this.path, name);
			await mkdir(dirname(path), { recursive: true });
			await writeFile(path, text);
		}
	}

	/** Runs a script of the project to its end: returns what it printed, and `code 0`. */
	async run(script: string, ...args: string[]): Promise<{ output: string; end: string }> {
		const running = spawnNode(script, args, { cwd: this.path });
		const end = await bounded(running);
		return { output: running.output, end };
	}

	/**
	 * Starts a program of the project's dependencies on a port of its own, like `npx`, but as one process, so that a signal
	 * reaches it and its exit code is its own.
	 */
	async start(command: string): Promise<{ running: RunningProcess; origin: string }> {
		const [program = "", ...args] = command.split(" ").map(word => word.replaceAll('"', ""));
		const port = await freePort();
		const running = spawnNode(join(this.path, "node_modules/.bin", program), args, {
			cwd: this.path,
			env: {
				PORT: String(port),
				TRANSPORTER: undefined,
				SERVICES: undefined,
				SERVICEDIR: undefined
			}
		});
		return { running, origin: `http://localhost:${port}` };
	}

	remove(): Promise<void> {
		return this.#folder.remove();
	}
}
