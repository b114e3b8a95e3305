import { expect, it } from "@jest/globals";
import { locateCompose } from "../compose/compose.ts";
import type { Machine } from "../support/processes/machine.ts";

/** A machine with these programs, and what each prints; null for one that fails. */
function machine(prints: Record<string, string | null>): Machine {
	return {
		env: {},
		find: (...names) => {
			const name = names.find(name => Object.keys(prints).some(line => line.startsWith(name)));
			return name ? `/bin/${name}` : null;
		},
		findAll: () => [],
		version: async (path, ...args) =>
			prints[[path.replace("/bin/", ""), args[0]].join(" ")] ?? null,
		canInstall: () => false,
		install: async () => []
	};
}

it.each([
	[{}, /there is no Docker: install it/],
	[{ "docker info": null }, /reaches no engine: start dockerd/],
	// a client without an engine may also print nothing, and succeed
	[{ "docker info": "" }, /reaches no engine: start dockerd/],
	[{ "docker info": "28.2.2" }, /has no Compose: install its plugin/],
	[{ "docker info": "28.2.2", "docker-compose version": "1.9.0" }, /1\.9\.0 is too old: 1\.28/]
])("Compose: %p is not enough, and the message says what is", async (prints, message) => {
	expect(await locateCompose(machine(prints))).toMatch(message);
});

it("Compose is Docker's plugin, or else the separate program", async () => {
	const old = { "docker info": "20.10.24", "docker-compose version": "1.29.2" };
	expect(await locateCompose(machine({ ...old, "docker compose": "2.40.3" }))).toMatchObject({
		command: ["/bin/docker", "compose"],
		version: "2.40.3"
	});
	expect(await locateCompose(machine(old))).toMatchObject({
		command: ["/bin/docker-compose"],
		version: "1.29.2"
	});
});
