import { describe, expect, it } from "@jest/globals";
import type { Service } from "moleculer";
import { connectHttp2 } from "../support/clients/http2-client.ts";
import { send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway } from "../support/gateway/gateway.ts";
import { runningTime } from "../support/running-time.ts";
import { TLS } from "../support/tls.ts";
import { watchUncaught } from "../support/uncaught.ts";

// biome-ignore lint/suspicious/noExplicitAny: as Moleculer types its hooks
type ServiceLike = Service & Record<string, any>;

interface Destroyable {
	destroy(): void;
}

/** A gateway whose application listens to its server, before and after the plugin does. */
const start = (event: string, listener: (object: Destroyable) => void, settings: object) =>
	startGateway({
		settings: { ...settings },
		schema: {
			created(this: ServiceLike) {
				this.server.on(event, listener);
			},
			started(this: ServiceLike) {
				this.server.prependListener(event, listener);
			}
		}
	});

// A firewall of an application closes what comes from the wrong address. A destroyed session has no socket any more, and the
// listener that looked for it ended the process.
describe("an application that destroys what connects", () => {
	const destroy = (object: Destroyable) => object.destroy();

	it.each([
		["an HTTP/2 session", "session", {}],
		["an HTTP/2 session over TLS", "session", { https: { key: TLS.key, cert: TLS.cert } }],
		["the connection of an HTTP/2 session", "connection", {}]
	])("such as %s goes on", async (_, event, settings) => {
		const uncaught = watchUncaught();
		const gateway = await start(event, destroy, { http2: true, ...settings });
		const session = connectHttp2(gateway.origin);
		await eventually(() => expect(session.destroyed).toBe(true));
		await new Promise(setImmediate);

		expect(uncaught).toEqual([]);
		expect(gateway.log.at("error")).toEqual([]);
		expect(await runningTime(() => gateway.broker.stop())).toBeLessThan(2000);
	});

	it("such as an HTTP/1.1 connection goes on", async () => {
		const uncaught = watchUncaught();
		const gateway = await start("connection", destroy, {});

		await expect(send(gateway.url("news"))).rejects.toThrow();
		expect(uncaught).toEqual([]);
	});
});

it("what an application emits as a connection, and is none, is reported and does no harm", async () => {
	const gateway = await startGateway();
	const own = gateway.service.server
		.listeners("connection")
		.filter(listener => listener.name !== "connectionListener") as ((object: unknown) => void)[];
	for (const listener of own) expect(() => listener({})).not.toThrow();
	await openStream(gateway.url("news"));

	expect(gateway.log.at("error")).toEqual([
		expect.stringMatching(/^SSE: a connection cannot be watched, and may hold up a stop: TypeError/)
	]);
});
