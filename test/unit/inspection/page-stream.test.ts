import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import type { SseGatewayResponse } from "../../../mixins/sse/gateway/types.ts";
import { PageStream } from "../../../mixins/sse/inspection/inspector/page-stream.ts";
import type { Watch } from "../../../mixins/sse/inspection/inspector/watch.ts";
import { connectHttp2, requestHttp2 } from "../../support/clients/http2-client.ts";
import { requestStream, type StreamClient } from "../../support/clients/stream-client.ts";
import { eventually } from "../../support/eventually.ts";
import { useFakeTimers } from "../../support/fake-timers.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";

afterEach(() => void jest.useRealTimers());

interface Stage {
	readonly page: StreamClient;
	/** Shows a look of so many bytes. */
	show(bytes: number): void;
	/** Whether looks still go to the page, and how often it has ended. */
	readonly state: { isWatching: boolean; ends: number };
}

/** The stream of a page on a real connection; timers are advanced by the test. */
async function startWatcher(protocol: "HTTP/1.1" | "HTTP/2" = "HTTP/1.1"): Promise<Stage> {
	const state = { isWatching: false, ends: 0 };
	let show: (look: string) => void = () => {};
	const watch = {
		add(watcher: (look: string) => void) {
			state.isWatching = true;
			show = watcher;
			return () => {
				state.isWatching = false;
			};
		}
	} as unknown as Watch;
	const handle = (_: unknown, response: ServerResponse | Http2ServerResponse): void => {
		useFakeTimers(["setTimeout", "clearTimeout"]);
		(response as ServerResponse).writeHead(200, { "Content-Type": "text/event-stream" });
		new PageStream(response as SseGatewayResponse, watch, () => state.ends++);
	};
	const server = protocol === "HTTP/2" ? createHttp2Server(handle) : createServer(handle);
	onTestFinished(() => void server.close());
	if ("closeAllConnections" in server) onTestFinished(() => server.closeAllConnections());
	await once(server.listen(0, "127.0.0.1"), "listening");
	const { port } = server.address() as AddressInfo;
	const origin = `http://127.0.0.1:${port}`;
	const page =
		protocol === "HTTP/2"
			? await requestHttp2(connectHttp2(origin), `${origin}/`)
			: await requestStream(`${origin}/`);
	const text = (bytes: number): string => JSON.stringify("x".repeat(bytes));
	return { page, show: bytes => show(text(bytes)), state };
}

describe("the stream of an inspector's page", () => {
	it("tells the page to open the next one, and ends after a minute", async () => {
		const { page, state } = await startWatcher();
		jest.advanceTimersByTime(50_000);
		await eventually(() => expect(page.text).toContain("event: renew"));
		expect(state).toEqual({ isWatching: true, ends: 0 });
		jest.advanceTimersByTime(10_000);
		await eventually(() => expect(page.ended).toBe("ended"));
		expect(state).toEqual({ isWatching: false, ends: 1 });
	});

	// Node's response of HTTP/2 does not say whether it is to wait: all looks were kept for the page, for as long as it stayed.
	it.each(["HTTP/1.1", "HTTP/2"] as const)(
		"is broken off if the page reads nothing for half a minute, over %s",
		async protocol => {
			const { page, show, state } = await startWatcher(protocol);
			page.stall();
			show(16_000_000);
			for (let look = 0; look < 30; look++) show(16_000_000);
			expect(state).toEqual({ isWatching: true, ends: 0 });
			show(1);
			expect(state).toEqual({ isWatching: false, ends: 1 });
		}
	);

	it.each(["HTTP/1.1", "HTTP/2"] as const)(
		"is broken off after its minute if the page has not read, over %s",
		async protocol => {
			const { page, show, state } = await startWatcher(protocol);
			page.stall();
			show(16_000_000);
			jest.advanceTimersByTime(60_000);
			expect(state).toEqual({ isWatching: false, ends: 1 });
			page.resume();
			expect(await page.end).toBe("broken");
		}
	);

	it("ends once when the page leaves", async () => {
		const { page, show, state } = await startWatcher();
		page.close();
		await eventually(() => expect(state).toEqual({ isWatching: false, ends: 1 }));
		show(1);
		jest.advanceTimersByTime(100_000);
		expect(state.ends).toBe(1);
	});
});
