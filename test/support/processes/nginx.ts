import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acceptsTcp } from "../clients/tcp.ts";
import { tempFolder } from "../temp-folder.ts";
import { freePort } from "./ports.ts";
import { type RunningProcess, spawnProcess } from "./process.ts";

/** A running nginx that balances over gateways. */
export interface Nginx {
	/** `http://127.0.0.1:<port>` */
	readonly url: string;
	readonly process: RunningProcess;
	stop(): Promise<void>;
}

/**
 * Starts nginx in front of gateways on this machine, which it uses in turn, configured as the guide says for SSE.
 *
 * @param path the nginx program
 * @param upstreams the gateways' ports
 */
export async function startNginx(path: string, upstreams: readonly number[]): Promise<Nginx> {
	const port = await freePort();
	const folder = tempFolder("nginx");
	const process = spawnProcess(path, nginxArguments(folder.path, render(port, upstreams)));
	const stop = async () => {
		await process.stop();
		await folder.remove();
	};
	try {
		await process.untilReady(() => acceptsTcp(port), 10_000);
	} catch (error) {
		await stop();
		throw error;
	}
	return { url: `http://127.0.0.1:${port}`, process, stop };
}

/**
 * Writes nginx's main file to an empty folder, and returns the arguments with which nginx runs there in the foreground.
 *
 * @param http the content of its block `http`
 */
export function nginxArguments(folder: string, http: string): string[] {
	mkdirSync(join(folder, "temp"));
	const configuration = join(folder, "main.conf");
	const asRoot = process.getuid?.() === 0;
	writeFileSync(
		configuration,
		`daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
${asRoot ? "user root root;" : ""}
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path temp/body;
	proxy_temp_path temp/proxy;
	fastcgi_temp_path temp/fastcgi;
	scgi_temp_path temp/scgi;
	uwsgi_temp_path temp/uwsgi;
${http}
}
`
	);
	return ["-p", folder, "-c", configuration, "-e", "stderr"];
}

function render(port: number, upstreams: readonly number[]): string {
	return `	upstream gateways {
${upstreams.map(upstream => `\t\tserver 127.0.0.1:${upstream} max_fails=0;`).join("\n")}
	}
	server {
		listen 127.0.0.1:${port};
		location / {
			proxy_pass http://gateways;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_buffering off;
			proxy_cache off;
			proxy_read_timeout 1h;
		}
	}`;
}
