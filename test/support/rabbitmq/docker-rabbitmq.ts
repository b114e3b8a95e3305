import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { eventually } from "../eventually.ts";
import { guard } from "../guard.ts";
import { freePort } from "../processes/ports.ts";
import { acceptsAmqp } from "./amqp.ts";
import type { RabbitMq, RabbitMqSettings } from "./rabbitmq.ts";
import { alarmCommand, storeCommand } from "./rabbitmqctl.ts";

const docker = async (...args: string[]): Promise<void> => {
	await promisify(execFile)("docker", args);
};

const BOOT = 60_000;

/** A container of its own, published on a free port of the loopback address. */
export async function dockerRabbitMq(
	image: string,
	{ maxMessageSize }: RabbitMqSettings
): Promise<RabbitMq> {
	const port = await freePort();
	const name = `moleculer-sse-${crypto.randomUUID()}`;
	const url = `amqp://guest:guest@127.0.0.1:${port}`;
	const settings =
		maxMessageSize === undefined
			? []
			: ["--env", `RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-rabbit max_message_size ${maxMessageSize}`];
	let release: (() => void) | null = null;

	return {
		url,
		controllable: true,
		async start() {
			if (release) await docker("start", name);
			else {
				// outside the time limit: the first pull of an image may take minutes
				await docker(
					"create",
					"--name",
					name,
					"--publish",
					`127.0.0.1:${port}:5672`,
					...settings,
					image
				);
				release = guard('docker rm --force --volumes "$1"', name);
				await docker("start", name);
			}
			await eventually(() => acceptsAmqp(url), { timeout: BOOT, interval: 200 });
		},
		async stop({ keepData = false } = {}) {
			if (!release) return;
			if (keepData) return docker("stop", "-t", "20", name);
			await docker("rm", "--force", "--volumes", name);
			release();
			release = null;
		},
		crash: () => docker("kill", name),
		pause: () => docker("pause", name),
		resume: () => docker("unpause", name),
		alarm: on => docker("exec", name, "rabbitmqctl", ...alarmCommand(on)),
		storeOffsets: (stream, consumers) =>
			docker("exec", name, "rabbitmqctl", ...storeCommand(stream, consumers))
	};
}
