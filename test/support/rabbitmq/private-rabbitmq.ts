import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { acceptsTcp } from "../clients/tcp.ts";
import { freePorts } from "../processes/ports.ts";
import { type RunningProcess, spawnProcess } from "../processes/process.ts";
import { type TempFolder, tempFolder } from "../temp-folder.ts";
import { acceptsAmqp } from "./amqp.ts";
import type { RabbitMq, RabbitMqSettings } from "./rabbitmq.ts";
import { alarmCommand, storeCommand } from "./rabbitmqctl.ts";

const BOOT = 120_000;

/** The ports of one instance. */
interface Ports {
	readonly amqp: number;
	readonly distribution: number;
	readonly epmd: number;
}

/**
 * An instance of the installed RabbitMQ that shares nothing with the machine's own: ports, data, logs, configuration, cookie,
 * node name and port mapper (epmd) are its own, and all listen on loopback only.
 *
 * @param path the `rabbitmq-server` script itself, not a wrapper that changes user
 */
export async function privateRabbitMq(path: string, settings: RabbitMqSettings): Promise<RabbitMq> {
	const [amqp = 0, distribution = 0, epmd = 0] = await freePorts(3);
	const ports: Ports = { amqp, distribution, epmd };
	const url = `amqp://guest:guest@127.0.0.1:${amqp}`;
	let folder: TempFolder | null = null;
	let running: RunningProcess[] = [];

	async function end(how: (process: RunningProcess) => Promise<void>): Promise<void> {
		// the message broker first: it signs off from epmd
		for (const process of running.reverse()) await how(process);
		running = [];
	}

	async function start(): Promise<void> {
		if (running.length > 0) throw new Error("this RabbitMQ runs already");
		folder ??= prepare(tempFolder("rabbitmq"), ports, settings);
		const options = { env: environment(folder.path, ports), bareEnv: true, cwd: folder.path };
		try {
			const mapper = spawnProcess("epmd", [], options);
			running.push(mapper);
			await mapper.untilReady(() => acceptsTcp(epmd), 10_000);
			const broker = spawnProcess(path, [], options);
			running.push(broker);
			await broker.untilReady(() => acceptsAmqp(url), BOOT);
		} catch (error) {
			await stop();
			throw error;
		}
	}

	async function stop({ keepData = false } = {}): Promise<void> {
		// data that nobody will read needs no graceful end
		await end(process => process.stop(keepData ? 20_000 : 0));
		if (keepData) return;
		await folder?.remove();
		folder = null;
	}

	const signal = async (name: NodeJS.Signals) => {
		for (const process of running) process.kill(name);
	};

	async function control(args: readonly string[]): Promise<void> {
		if (folder === null) throw new Error("this RabbitMQ does not run");
		const options = { env: environment(folder.path, ports), bareEnv: true, cwd: folder.path };
		const command = spawnProcess(join(dirname(path), "rabbitmqctl"), args, options);
		if ((await command.exited) !== "code 0") throw command.failure("failed");
	}

	return {
		url,
		controllable: true,
		start,
		stop,
		crash: () => end(process => process.stop(0)),
		pause: () => signal("SIGSTOP"),
		resume: () => signal("SIGCONT"),
		alarm: on => control(alarmCommand(on)),
		storeOffsets: (stream, consumers) => control(storeCommand(stream, consumers))
	};
}

function prepare(
	folder: TempFolder,
	{ amqp }: Ports,
	{ maxMessageSize, plugins = [] }: RabbitMqSettings
): TempFolder {
	const inside = (name: string) => join(folder.path, name);
	mkdirSync(inside("log"));
	writeFileSync(inside(".erlang.cookie"), crypto.randomUUID(), { mode: 0o400 });
	writeFileSync(inside("enabled_plugins"), `[${plugins.join(",")}].\n`);
	writeFileSync(inside("env.conf"), "");
	writeFileSync(
		inside("rabbitmq.conf"),
		[
			`listeners.tcp.1 = 127.0.0.1:${amqp}`,
			"log.file = false",
			"log.console = true",
			"log.console.level = info",
			"disk_free_limit.absolute = 50MB",
			...(maxMessageSize === undefined ? [] : [`max_message_size = ${maxMessageSize}`]),
			""
		].join("\n")
	);
	return folder;
}

/** The whole environment: a RABBITMQ_* or ERL_* variable of the machine must not reach the instance. */
function environment(folder: string, ports: Ports): Record<string, string | undefined> {
	return {
		PATH: process.env.PATH,
		LANG: "C.UTF-8",
		HOME: folder,
		// the script then becomes the message broker instead of supervising it: one process, ours to wait for
		RUNNING_UNDER_SYSTEMD: "true",
		ERL_EPMD_PORT: String(ports.epmd),
		ERL_EPMD_ADDRESS: "127.0.0.1",
		RABBITMQ_NODENAME: `sse-${ports.amqp}@localhost`,
		RABBITMQ_DIST_PORT: String(ports.distribution),
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
			"-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} " +
			// its threads sleep when they have nothing to do: by default they poll for work, on cores that others need
			"+sbwt none +sbwtdcpu none +sbwtdio none",
		RABBITMQ_CONF_ENV_FILE: join(folder, "env.conf"),
		RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
		RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, "advanced.config"),
		RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
		RABBITMQ_PLUGINS_EXPAND_DIR: join(folder, "plugins"),
		RABBITMQ_MNESIA_BASE: join(folder, "data"),
		RABBITMQ_LOG_BASE: join(folder, "log"),
		RABBITMQ_PID_FILE: join(folder, "pid")
	};
}
