import { type Machine, thisMachine } from "../support/processes/machine.ts";
import {
	bring,
	CHROMIUM,
	NGINX,
	RABBITMQ,
	remedies,
	type Wanted
} from "../support/processes/programs.ts";
import type { RabbitMqSource } from "../support/rabbitmq/rabbitmq.ts";

/** The programs of the machine that make the pictures. */
export interface Tools {
	readonly rabbitmq: RabbitMqSource;
	/** Paths. */
	readonly chromium: string;
	readonly nginx: string;
	readonly img2webp: string;
}

const IMG2WEBP: Wanted<string> = {
	async locate(machine) {
		const path = machine.find("img2webp");
		const version = path && (await machine.version(path, "-version"));
		return version ? { value: path, line: `img2webp: ${path} (${version})` } : null;
	},
	packages: ["webp"],
	remedy: "img2webp: install webp (libwebp's tools), or run as root where apt-get can install it"
};

/** Finds them, installs what is missing where that is possible, and says what it uses. */
export async function bringTools(
	machine: Machine = thisMachine(),
	say: (line: string) => void = console.log
): Promise<Tools> {
	const wanted = [RABBITMQ, CHROMIUM, NGINX, IMG2WEBP] as const;
	const { found } = await bring(wanted, machine, say);
	const [rabbitmq, chromium, nginx, img2webp] = found;
	if (!rabbitmq || !chromium || !nginx || !img2webp) {
		throw new Error(`the pictures need programs that are not here:\n${remedies(wanted, found)}`);
	}
	for (const { line } of [rabbitmq, chromium, nginx, img2webp]) say(line);
	return {
		rabbitmq: rabbitmq.value,
		chromium: chromium.value,
		nginx: nginx.value,
		img2webp: img2webp.value
	};
}
