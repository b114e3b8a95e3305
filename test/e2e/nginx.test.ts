import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { expect, it } from "@jest/globals";
import { startProxy } from "../proxies/proxy.ts";
import { play, SOURCES } from "../proxies/scenario.ts";
import { Stage } from "../proxies/stage.ts";
import { launchChromium } from "../support/clients/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { type NameServer, startNameServer } from "../support/processes/name-server.ts";
import { nginxArguments } from "../support/processes/nginx.ts";
import { freePort } from "../support/processes/ports.ts";
import { inject } from "../support/provided.ts";
import { skip } from "../support/skip.ts";

const FILE = new URL("../../docker/nginx.conf", import.meta.url);
/** The name of all gateways together, and addresses of two containers. */
const NAME = "gateways";
const HOSTS = ["127.0.0.2", "127.0.0.3"] as const;
const HAS_HOSTS = process.platform === "linux";
const NO_HOSTS = `this system has no ${HOSTS.join(" and ")} to stand for containers`;

/** Starts nginx with the configuration of the Compose file, unchanged except for Docker's name server and the ports. */
async function startComposeNginx(
	gatewayPort: number
): Promise<{ origin: string; names: NameServer }> {
	const names = await startNameServer();
	onTestFinished(() => names.close());
	const nginx = await startProxy(
		{
			name: "nginx",
			commandLine: (command, { port, folder }) => ({
				command,
				args: nginxArguments(
					folder,
					readFileSync(FILE, "utf8")
						.replace("resolver 127.0.0.11 ", `resolver 127.0.0.1:${names.port} `)
						.replace("listen 8080;", `listen 127.0.0.1:${port};`)
						.replace(`${NAME}:3000;`, `${NAME}:${gatewayPort};`)
				)
			})
		},
		inject("programs").nginx,
		[]
	);
	onTestFinished(() => nginx.stop());
	return { origin: nginx.origin, names };
}

// nginx answered 502 when the last gateway was gone, after which a browser's EventSource is dead until its page is reloaded.
it("no EventSource is lost when one gateway stops, one is killed, and all are killed and come back", async () => {
	if (!HAS_HOSTS) skip(NO_HOSTS);
	const port = await freePort();
	const stage = new Stage(
		inject("amqpUrl"),
		HOSTS.map(host => ({ host, port }))
	);
	onTestFinished(() => stage.stop());
	const browser = await launchChromium(inject("programs").chromium);
	onTestFinished(() => browser.close());
	await stage.start();
	const { origin, names } = await startComposeNginx(port);
	names.set(NAME, HOSTS);

	const { recovery, noticed, latency: _, ...findings } = await play(stage, browser, origin);

	expect(findings).toEqual({ lost: 0, doubled: 0, disordered: 0, resets: 0, alive: SOURCES });
	for (const seconds of [...Object.values(recovery), noticed]) expect(seconds).not.toBeNull();
}, 180_000);

// It looked up its gateways once, when it started: a container that is created again has another address.
it("gateways are found at their present addresses, and streams are told to come back while there are none", async () => {
	if (!HAS_HOSTS) skip(NO_HOSTS);
	const port = await freePort();
	for (const host of HOSTS) {
		const server = createServer((_, res) => res.end(host)).listen(port, host);
		onTestFinished(() => {
			server.closeAllConnections();
			server.close();
		});
	}
	const { origin, names } = await startComposeNginx(port);
	const answer = async (path: string) => {
		const response = await fetch(origin + path);
		const type = response.headers.get("Content-Type");
		return { status: response.status, type, text: await response.text() };
	};

	expect(await answer("/sse/event-stream?eventName=a")).toEqual({
		status: 200,
		type: "text/event-stream",
		text: "retry: 3000\n\n"
	});
	expect(await answer("/api/orders")).toMatchObject({ status: 502, type: "text/html" });
	for (const host of HOSTS) {
		names.set(NAME, [host]);
		for (const path of ["/sse/event-stream?eventName=a", "/api/orders"]) {
			await eventually(async () => expect(await answer(path)).toMatchObject({ text: host }));
		}
	}
});
