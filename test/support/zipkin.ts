import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { expect } from "@jest/globals";
import type { TracerOptions } from "moleculer";
import { eventually } from "./eventually.ts";
import { onTestFinished } from "./on-test-finished.ts";

/** A span as Moleculer's exporter for Zipkin sends it; its numbers are texts. */
export interface ZipkinSpan {
	readonly name: string;
	readonly traceId: string;
	readonly id: string;
	readonly parentId: string | null;
	readonly localEndpoint: { readonly serviceName: string | null };
	readonly tags: Readonly<Record<string, string>>;
}

/** A server that accepts spans like Zipkin's, and keeps them. */
export class Zipkin {
	readonly spans: ZipkinSpan[] = [];
	readonly #url: string;

	private constructor(url: string) {
		this.#url = url;
	}

	static async start(): Promise<Zipkin> {
		const server = createServer(async (request, response) => {
			zipkin.spans.push(...((await json(request)) as ZipkinSpan[]));
			response.writeHead(202).end();
		});
		await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
		onTestFinished(() => {
			server.close();
			server.closeAllConnections();
		});
		const zipkin = new Zipkin(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
		return zipkin;
	}

	/** Broker options: traces that arrive here, each span soon after it has ended. */
	tracing(options: TracerOptions = {}, others: readonly object[] = []): TracerOptions {
		const zipkin = { type: "Zipkin", options: { baseURL: this.#url, interval: 0.02 } };
		return { enabled: true, ...options, exporter: [zipkin, ...others] as never };
	}

	/** Spans of a name, in order of arrival. */
	named(name: string): ZipkinSpan[] {
		return this.spans.filter(span => span.name === name);
	}

	/** Resolves when so many spans of a name have arrived. */
	async next(name: string, count = 1): Promise<ZipkinSpan[]> {
		return eventually(
			() => {
				const spans = this.named(name);
				expect(spans.length).toBeGreaterThanOrEqual(count);
				return spans;
			},
			{ timeout: 15_000 }
		);
	}
}
