import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { acceptsTcp } from "../../support/clients/tcp.ts";
import { thisMachine } from "../../support/processes/machine.ts";
import { freePort } from "../../support/processes/ports.ts";
import { spawnProcess } from "../../support/processes/process.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { type PayloadShape, payloadOf } from "../payload.ts";
import { RAISE_LIMIT } from "../process/open-files.ts";
import { type Usage, usageOf } from "../process/usage.ts";
import type { Entrant } from "./entrant.ts";

/** Where distributions put nginx's modules. */
const MODULE_FOLDERS = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"];
const MODULE = "ngx_nchan_module.so";

/** Files that nginx needs besides the streams. */
const SPARE = 400;
/** Connections per stream: nginx closes those without a request when a sixteenth or less is free. */
const ROOM = 1.1;

/** Nchan, the fan-out in C inside nginx: one worker, events by POST. */
export const NCHAN: Entrant = {
	title: "Nchan (nginx, C)",
	async open(streams) {
		const machine = thisMachine();
		const nginx = machine.find("nginx");
		const module = MODULE_FOLDERS.map(folder => join(folder, MODULE)).find(existsSync);
		if (nginx === null) throw new Error("nginx is not installed");
		if (module === undefined) {
			throw new Error(`${MODULE} is not installed (Debian: libnginx-mod-nchan)`);
		}
		const port = await freePort();
		const folder = tempFolder("nchan");
		const configuration = join(folder.path, "nginx.conf");
		writeFileSync(configuration, render(module, port, Math.ceil(streams * ROOM) + SPARE));
		const server = spawnProcess("sh", [
			...["-c", RAISE_LIMIT, String(streams + SPARE)],
			...[nginx, "-p", folder.path, "-c", configuration, "-e", "stderr"]
		]);
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		const stop = async () => {
			agent.destroy();
			await server.stop();
			await folder.remove();
		};
		try {
			await server.untilReady(() => acceptsTcp(port), 10_000);
		} catch (error) {
			await stop();
			throw error;
		}
		return {
			port,
			path: "/stream",
			tick: (events, shape) => publish(agent, port, events, shape),
			usage: () => usageOfWorkers(server.pid),
			stop
		};
	}
};

async function publish(
	agent: Agent,
	port: number,
	events: number,
	shape: PayloadShape
): Promise<void> {
	for (let n = 0; n < events; n++) {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		const options = { agent, port, host: "127.0.0.1", path: "/publish", method: "POST" };
		const post = request(options, response => {
			response.resume().on("end", resolve);
		});
		post.on("error", reject);
		post.setHeader("X-EventSource-Event", "a");
		post.end(JSON.stringify(payloadOf(shape)));
		await promise;
	}
}

/** The worker's: the master only supervises it. */
function usageOfWorkers(master: number): Usage {
	const children = readFileSync(`/proc/${master}/task/${master}/children`, "utf8");
	const [worker] = children.trim().split(" ");
	if (!worker) throw new Error("nginx has no worker");
	return usageOf(Number(worker));
}

function render(module: string, port: number, connections: number): string {
	const asRoot = process.getuid?.() === 0;
	return `load_module ${module};
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
${asRoot ? "user root root;" : ""}
events { worker_connections ${connections}; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	scgi_temp_path scgi;
	uwsgi_temp_path uwsgi;
	server {
		listen 127.0.0.1:${port} backlog=4096;
		keepalive_requests 1000000;
		location = /stream {
			nchan_subscriber eventsource;
			nchan_channel_id all;
			nchan_subscriber_first_message newest;
		}
		location = /publish {
			nchan_publisher;
			nchan_channel_id all;
			nchan_message_buffer_length 100;
		}
	}
}
`;
}
