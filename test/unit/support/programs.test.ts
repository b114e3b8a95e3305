import { describe, expect, it } from "@jest/globals";
import { type Machine, thisMachine } from "../../support/processes/machine.ts";
import { bringPrograms } from "../../support/processes/programs.ts";

/** A machine with these executables and this environment; `install` provides a package's program. */
function machine({
	has = [],
	env = {},
	root = false,
	broken = [],
	unknown = []
}: {
	has?: string[];
	env?: Record<string, string>;
	root?: boolean;
	broken?: string[];
	/** Packages that the system's lists do not have. */
	unknown?: string[];
}): Machine & { installed: string[][] } {
	const programs = new Set(has);
	const installed: string[][] = [];
	return {
		env,
		installed,
		find(...names) {
			const name = names.find(name => programs.has(name));
			return name ? `/bin/${name}` : null;
		},
		findAll: name => (programs.has(name) ? [`/bin/${name}`] : []),
		async version(path) {
			return broken.some(name => path.endsWith(name)) ? null : "1.0";
		},
		canInstall: () => root,
		async install(packages) {
			installed.push([...packages]);
			const known = packages.filter(name => !unknown.includes(name));
			for (const name of [...known, "epmd"]) programs.add(name.replace("-pika", ""));
			return known;
		}
	};
}

const ALL = ["rabbitmq-server", "epmd", "chromium", "nginx", "firefox-esr", "python3"];
const silent = () => {};

describe("bringPrograms", () => {
	it("uses what exists, installs nothing, and says in one line each what it uses", async () => {
		const here = machine({ has: ALL, root: true });
		const lines: string[] = [];
		const programs = await bringPrograms(here, line => lines.push(line));
		expect(programs).toEqual({
			rabbitmq: { kind: "program", path: "/bin/rabbitmq-server" },
			chromium: "/bin/chromium",
			nginx: "/bin/nginx",
			firefox: "/bin/firefox-esr",
			pika: expect.stringContaining("python3")
		});
		expect(here.installed).toEqual([]);
		expect(lines.map(line => line.split(":")[0])).toEqual([
			"RabbitMQ",
			"Chromium",
			"nginx",
			"Firefox",
			"pika"
		]);
	});

	it("prefers the broker of AMQP_URL to an installed one", async () => {
		const here = machine({ has: ALL, env: { AMQP_URL: "amqp://elsewhere" } });
		const { rabbitmq } = await bringPrograms(here, silent);
		expect(rabbitmq).toEqual({ kind: "url", url: "amqp://elsewhere" });
	});

	it("uses Docker if RabbitMQ is not installed", async () => {
		const here = machine({
			has: ["docker", "chromium", "nginx", "firefox", "python3"],
			root: true
		});
		const { rabbitmq } = await bringPrograms(here, silent);
		expect(rabbitmq.kind).toBe("docker");
		expect(here.installed).toEqual([]);
	});

	it("does not count a Docker client without an engine", async () => {
		const here = machine({
			has: ["docker", "chromium", "nginx", "firefox", "python3"],
			broken: ["docker"],
			root: true
		});
		const { rabbitmq } = await bringPrograms(here, silent);
		expect(rabbitmq.kind).toBe("program");
		expect(here.installed).toEqual([["rabbitmq-server"]]);
	});

	it("installs everything that is missing in one go", async () => {
		const here = machine({ root: true });
		await bringPrograms(here, silent);
		expect(here.installed).toEqual([
			["rabbitmq-server", "chromium", "nginx", "firefox-esr", "python3-pika"]
		]);
	});

	it("ignores a Chromium that does not start, but not a CHROMIUM_PATH", async () => {
		const stub = { has: [...ALL, "docker"], broken: ["chromium"] };
		await expect(bringPrograms(machine(stub), silent)).rejects.toThrow(/- Chromium: set/);
		const given = { ...stub, env: { CHROMIUM_PATH: "/opt/chromium" } };
		await expect(bringPrograms(machine(given), silent)).rejects.toThrow(
			"CHROMIUM_PATH=/opt/chromium does not start"
		);
	});

	it.each([
		["pika", "python3"],
		["firefox", "firefox-esr"]
	] as const)("does without %s, and says what that means", async (name, program) => {
		const lines: string[] = [];
		const here = machine({ has: ALL, broken: [program] });
		const programs = await bringPrograms(here, line => lines.push(line));
		expect(programs[name]).toBeNull();
		expect(lines.filter(line => line.includes("one test is skipped"))).toHaveLength(1);
	});

	// A Firefox that was installed and did not start counted as absent, and its test was skipped.
	it.each([
		["Firefox", "firefox-esr"],
		["pika", "python3"]
	] as const)(
		"takes a %s that it has installed, and that does not start, for missing",
		async (name, program) => {
			const here = machine({ root: true, broken: [program] });
			await expect(bringPrograms(here, silent)).rejects.toThrow(`- ${name}: install`);
		}
	);

	it("does without a Firefox if the system has no package of it", async () => {
		const here = machine({ root: true, unknown: ["firefox-esr"] });
		expect((await bringPrograms(here, silent)).firefox).toBeNull();
	});

	it("names every missing program and its remedies, once", async () => {
		const error = await bringPrograms(machine({ has: ["nginx"] }), silent).catch(String);
		expect(error).toContain("- RabbitMQ: set AMQP_URL");
		expect(error).toContain("- Chromium: set CHROMIUM_PATH");
		expect(error).not.toContain("- nginx");
	});
});

describe("thisMachine", () => {
	it("finds no program of the PATH when there is no PATH", () => {
		expect(thisMachine({ PATH: "" }).find("sh", "chromium")).toBeNull();
		expect(thisMachine().find("no-such-program", "sh")).toMatch(/\/sh$/);
	});

	it("cannot install without apt-get", () => {
		expect(thisMachine({ PATH: "" }).canInstall()).toBe(false);
	});

	it("asks a program for its version and notices one that fails", async () => {
		const here = thisMachine();
		expect(await here.version(process.execPath, "--version")).toBe(process.version);
		expect(await here.version(process.execPath, "--no-such-switch")).toBeNull();
	});
});
