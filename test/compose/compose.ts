import { fileURLToPath } from "node:url";
import { guard } from "../support/guard.ts";
import { type Machine, thisMachine } from "../support/processes/machine.ts";
import { spawnProcess } from "../support/processes/process.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The first that knows profiles. */
const OLDEST = "1.28.0";

/** Docker with a Compose. */
export interface Engine {
	/** Path of Docker's client. */
	readonly docker: string;
	/** The command line of Compose. */
	readonly command: readonly string[];
	/** Of Compose. */
	readonly version: string;
}

/** Looks for an engine that answers, and for a Compose that is new enough; returns what is missing, and what helps. */
export async function locateCompose(machine: Machine = thisMachine()): Promise<Engine | string> {
	const docker = machine.find("docker");
	if (docker === null)
		return "there is no Docker: install it (on Debian docker.io), and start its engine";
	// a client without an engine fails, or prints nothing
	if (!(await machine.version(docker, "info", "--format", "{{.ServerVersion}}"))) {
		return `${docker} reaches no engine: start dockerd, or set DOCKER_HOST`;
	}
	const plugin = await machine.version(docker, "compose", "version", "--short");
	if (plugin) return { docker, command: [docker, "compose"], version: plugin };
	const program = machine.find("docker-compose");
	const version = program && (await machine.version(program, "version", "--short"));
	if (!program || !version) {
		return `Docker has no Compose: install its plugin, or docker-compose ${OLDEST} or newer`;
	}
	if (version.localeCompare(OLDEST, "en", { numeric: true }) < 0) {
		return `docker-compose ${version} is too old: ${OLDEST} or newer is needed`;
	}
	return { docker, command: [program], version };
}

/** The project's Compose file, under a name and on a port of its own. */
export class Compose {
	/** `http://127.0.0.1:<port>` */
	readonly origin: string;
	/** The page that shows the gateways; for this machine only. */
	readonly inspector: string;
	readonly #engine: Engine;
	readonly #env: Readonly<Record<string, string>>;
	#release: () => void = () => {};

	constructor(engine: Engine, port: number, inspectorPort: number) {
		this.origin = `http://127.0.0.1:${port}`;
		this.inspector = `http://127.0.0.1:${inspectorPort}/inspector`;
		this.#engine = engine;
		this.#env = {
			COMPOSE_PROJECT_NAME: `moleculer-sse-test-${crypto.randomUUID().slice(0, 8)}`,
			HTTP_PORT: String(port),
			INSPECTOR_PORT: String(inspectorPort)
		};
	}

	/** Builds the image, and brings everything up; services that others wait for are healthy then. */
	async up(): Promise<void> {
		const down = [...this.#engine.command, "down", "--volumes", "--remove-orphans"];
		const env = Object.entries(this.#env).map(([name, value]) => `${name}=${value}`);
		this.#release = guard('cd "$1" && shift && env "$@"', ROOT, ...env, ...down);
		await this.run("up", "--build", "--detach");
	}

	/** Which containers are not healthy, and their state: `starting`, `unhealthy`, or what else Docker says. */
	async ailing(): Promise<string[]> {
		const containers = (await this.run("ps", "--quiet")).trim().split("\n");
		const format = "{{.Name}} {{if .State.Health}}{{.State.Health.Status}}{{end}}";
		const lines = await this.#spawn(this.#engine.docker, [
			"inspect",
			"--format",
			format,
			...containers
		]);
		return lines
			.trim()
			.split("\n")
			.filter(line => !line.endsWith(" healthy"));
	}

	/** Ends everything, and removes it with its data. */
	async down(): Promise<void> {
		await this.run("down", "--volumes", "--remove-orphans");
		this.#release();
	}

	/** Runs a command of Compose; rejects with its output if it fails. */
	run(...args: readonly string[]): Promise<string> {
		const [program = "", ...first] = this.#engine.command;
		return this.#spawn(program, [...first, ...args]);
	}

	async #spawn(program: string, args: readonly string[]): Promise<string> {
		const process = spawnProcess(program, args, { cwd: ROOT, env: this.#env });
		if ((await process.exited) !== "code 0") throw process.failure("failed");
		return process.output;
	}
}
