import type { RabbitMqSource } from "../rabbitmq/rabbitmq.ts";
import { isExecutable, type Machine, thisMachine } from "./machine.ts";

/** The programs of the machine that the end-to-end tests need. */
export interface Programs {
	readonly rabbitmq: RabbitMqSource;
	/** Path of a Chromium that starts. */
	readonly chromium: string;
	/** Path of nginx. */
	readonly nginx: string;
	/** Path of Firefox; null if there is none, and none can be installed: its test is then skipped. */
	readonly firefox: string | null;
	/** Path of a Python that has pika, the AMQP client; null under the same conditions. */
	readonly pika: string | null;
}

/** One program: where to look for it, what installs it, and what to say when neither helps. */
export interface Wanted<T> {
	locate(machine: Machine): Promise<Found<T> | null>;
	readonly packages: readonly string[];
	readonly remedy: string;
}

export interface Found<T> {
	readonly value: T;
	/** One line for people: `nginx 1.22.1: /usr/sbin/nginx`. */
	readonly line: string;
}

/** The image of `docker-compose.yml`. */
const RABBITMQ_IMAGE = "rabbitmq:3-management";
/** Debian's `/usr/sbin/rabbitmq-server` only changes user and runs this one. */
const DEBIAN_RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server";

export const RABBITMQ: Wanted<RabbitMqSource> = {
	async locate(machine) {
		const url = machine.env.AMQP_URL;
		if (url) return { value: { kind: "url", url }, line: "RabbitMQ: the broker of AMQP_URL" };

		const path = rabbitMqScript(machine);
		if (path && machine.find("epmd", "erl")) {
			return {
				value: { kind: "program", path },
				line: `RabbitMQ: a private instance of ${path}`
			};
		}
		const docker = machine.find("docker");
		// a client without an engine fails, or prints nothing
		if (docker && (await machine.version(docker, "info", "--format", "{{.ServerVersion}}"))) {
			return {
				value: { kind: "docker", image: RABBITMQ_IMAGE },
				line: `RabbitMQ: a container of ${RABBITMQ_IMAGE}`
			};
		}
		return null;
	},
	packages: ["rabbitmq-server"],
	remedy:
		"RabbitMQ: set AMQP_URL to a broker, or install rabbitmq-server, or start a Docker engine, " +
		"or run as root where apt-get can install it"
};

export const CHROMIUM: Wanted<string> = {
	async locate(machine) {
		const given = machine.env.CHROMIUM_PATH;
		const path =
			given ||
			machine.find("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
		if (!path) return null;
		const version = await machine.version(path, "--version");
		if (version !== null) return { value: path, line: `Chromium: ${path} (${version})` };
		// a path that was given on purpose is not silently ignored
		if (given) throw new Error(`CHROMIUM_PATH=${given} does not start`);
		return null;
	},
	packages: ["chromium"],
	remedy:
		"Chromium: set CHROMIUM_PATH, or install chromium or google-chrome, " +
		"or run as root where apt-get can install it"
};

export const NGINX: Wanted<string> = {
	async locate(machine) {
		const path = machine.find("nginx");
		const version = path && (await machine.version(path, "-v"));
		return version ? { value: path, line: `nginx: ${path} (${version})` } : null;
	},
	packages: ["nginx"],
	remedy: "nginx: install it, or run as root where apt-get can install it"
};

const FIREFOX: Wanted<string> = {
	async locate(machine) {
		const path = machine.find("firefox-esr", "firefox");
		const version = path && (await machine.version(path, "--version"));
		return version ? { value: path, line: `Firefox: ${path} (${version})` } : null;
	},
	packages: ["firefox-esr"],
	remedy: "Firefox: install it, or run as root on Debian; elsewhere, one test is skipped without it"
};

const PIKA: Wanted<string> = {
	async locate(machine) {
		// apt's package is for Debian's own Python, whichever is first on the PATH
		for (const path of machine.findAll("python3")) {
			const version = await machine.version(path, "-c", "import pika; print(pika.__version__)");
			if (version) return { value: path, line: `pika: ${version}, of ${path}` };
		}
		return null;
	},
	packages: ["python3-pika"],
	remedy: "pika: install python3-pika; where apt-get cannot, one test is skipped without it"
};

/**
 * Finds the programs, and installs those that are missing, if possible, all in one go.
 *
 * Says in one line each what it uses; throws one error that names every missing one and its remedies. Firefox and pika may be
 * missing only if the system has no package of them.
 */
export async function bringPrograms(
	machine: Machine = thisMachine(),
	say: (line: string) => void = console.log
): Promise<Programs> {
	const wanted = [RABBITMQ, CHROMIUM, NGINX, FIREFOX, PIKA] as const;
	const { found, installed } = await bring(wanted, machine, say);
	const [rabbitmq, chromium, nginx, firefox, pika] = found;
	// A program that was installed, and does not start, is no reason to skip a test.
	const isBroken = wanted.some(
		({ packages }, at) => !found[at] && packages.some(name => installed.includes(name))
	);
	if (!rabbitmq || !chromium || !nginx || isBroken) {
		throw new Error(`the tests need programs that are not here:\n${remedies(wanted, found)}`);
	}
	for (const { line } of [rabbitmq, chromium, nginx]) say(line);
	say(firefox?.line ?? FIREFOX.remedy);
	say(pika?.line ?? PIKA.remedy);
	return {
		rabbitmq: rabbitmq.value,
		chromium: chromium.value,
		nginx: nginx.value,
		firefox: firefox?.value ?? null,
		pika: pika?.value ?? null
	};
}

type FoundOf<W extends readonly Wanted<unknown>[]> = {
	[At in keyof W]: W[At] extends Wanted<infer T> ? Found<T> | null : never;
};

/** Finds programs, and installs those that are missing, if possible: what was found of each, and the packages that were installed. */
export async function bring<const W extends readonly Wanted<unknown>[]>(
	wanted: W,
	machine: Machine,
	say: (line: string) => void
): Promise<{ found: FoundOf<W>; installed: readonly string[] }> {
	const locate = () =>
		Promise.all(wanted.map(each => each.locate(machine))) as Promise<unknown> as Promise<
			FoundOf<W>
		>;

	let found = await locate();
	let installed: readonly string[] = [];
	if (found.includes(null) && machine.canInstall()) {
		const packages = wanted.flatMap(({ packages }, at) => (found[at] ? [] : packages));
		say(`installing ${packages.join(", ")} with apt-get`);
		installed = await machine.install(packages);
		found = await locate();
	}
	return { found, installed };
}

/** What to do about those that were not found, a line each. */
export function remedies(
	wanted: readonly Wanted<unknown>[],
	found: readonly (Found<unknown> | null)[]
): string {
	return wanted.flatMap(({ remedy }, at) => (found[at] ? [] : `- ${remedy}`)).join("\n");
}

/** The path of a Chromium alone; null if there is none. */
export async function locateChromium(machine: Machine = thisMachine()): Promise<string | null> {
	return (await CHROMIUM.locate(machine))?.value ?? null;
}

/** Only RabbitMQ, for tests that need none of the others; null if there is none. */
export async function locateRabbitMq(
	machine: Machine = thisMachine()
): Promise<RabbitMqSource | null> {
	return (await RABBITMQ.locate(machine))?.value ?? null;
}

function rabbitMqScript(machine: Machine): string | null {
	const path = machine.find("rabbitmq-server");
	return path === "/usr/sbin/rabbitmq-server" && isExecutable(DEBIAN_RABBITMQ)
		? DEBIAN_RABBITMQ
		: path;
}
