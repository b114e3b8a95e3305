import { connect } from "node:net";
import { createServer } from "node:tls";
import { describe, expect, it } from "@jest/globals";
import { busState } from "../../mixins/sse/index.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { freePort } from "../support/processes/ports.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";
import { TLS } from "../support/tls.ts";

const event = (payload: unknown) => ({ eventName: NEWS, sessionId: "A", payload });
/** A connection is attempted once a second. */
const PATIENT = { timeout: 15_000 };

/** The same URL, with other parts. */
function vary(from: string, parts: Partial<Pick<URL, "pathname" | "port">>): string {
	return Object.assign(new URL(from), parts).href;
}

/** RabbitMQ behind TLS, at a URL of its own. */
async function behindTls(url: string): Promise<string> {
	const { port } = new URL(url);
	const server = createServer(TLS, near => {
		const far = connect(Number(port || 5672), "127.0.0.1");
		near.on("error", () => far.destroy()).on("close", () => far.destroy());
		far.on("error", () => near.destroy());
		near.pipe(far).pipe(near);
	});
	server.on("tlsClientError", () => {});
	const own = await freePort();
	await new Promise<void>(resolve => server.listen(own, "127.0.0.1", resolve));
	onTestFinished(() => {
		server.close();
	});
	return vary(url, { port: String(own) }).replace("amqp:", "amqps:");
}

describe("the address of RabbitMQ in the option `stream`", () => {
	it("may be behind TLS, with the options of `tls.connect`; nothing is sent to a server that is not trusted", async () => {
		const stream = await TestStream.open();
		const url = await behindTls(stream.url);
		const trusting = { url, socketOptions: { ca: TLS.cert } };
		const gateway = await stream.gateway("gateway-1", { stream: trusting });
		const sender = await stream.sender("sender", { stream: trusting });
		const client = await openNews(gateway);
		await sender.send(event(1));
		await client.next(NEWS);
		expect(client.received(NEWS)).toEqual([1]);

		const wary = await stream.sender("wary", { stream: { url, timeout: 300 } });
		await expect(wary.send(event(2))).rejects.toMatchObject({ type: "SSE_BUS_UNAVAILABLE" });
		await eventually(() => expect(wary.log.at("warn").join()).toMatch(/self-signed/i), PATIENT);
		expect(JSON.stringify(wary.log.entries)).not.toContain(new URL(url).password);
	});

	it("names the vhost", async () => {
		const stream = await TestStream.open();
		const at = (pathname: string, timeout = 5000) => ({
			stream: { url: vary(stream.url, { pathname }), timeout }
		});
		const right = await stream.sender("right", at("/%2F"));
		await right.send(event(1));
		expect(await stream.messages()).toMatchObject([{ content: event(1) }]);

		const wrong = await stream.sender("wrong", at("/nowhere", 300));
		await expect(wrong.send(event(2))).rejects.toMatchObject({ data: { unsure: false } });
		expect(busState(wrong.broker)).toMatchObject({ connected: false });
		expect(wrong.log.at("warn").join()).toContain("publisher of wrong");
	});

	it("may be one of several, of which one answers", async () => {
		const stream = await TestStream.open();
		const nowhere = vary(stream.url, { port: String(await freePort()) });
		const sender = await stream.sender("sender", { stream: { url: [nowhere, stream.url] } });
		await eventually(() => expect(busState(sender.broker)?.working).toBe(true), PATIENT);
		await sender.send(event(1));
		expect(await stream.messages()).toMatchObject([{ content: event(1) }]);
	});
});
