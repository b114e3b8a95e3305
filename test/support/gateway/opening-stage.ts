import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ServiceBroker } from "moleculer";
import { Registry } from "../../../mixins/sse/core/addressing/registry.ts";

import { openFrame } from "../../../mixins/sse/core/event/control-events.ts";
import { GatewayCounters } from "../../../mixins/sse/core/metrics/counters.ts";
import { PendingOpens } from "../../../mixins/sse/core/revocation/pending-opens.ts";
import { Access } from "../../../mixins/sse/gateway/auth/access.ts";
import { Limits } from "../../../mixins/sse/gateway/limits/limits.ts";
import { SSE_MIXIN_OPTIONS } from "../../../mixins/sse/gateway/mixin-options.ts";
import { openStream } from "../../../mixins/sse/gateway/opening/open-stream.ts";
import {
	Opening,
	type OpeningParts,
	type OpeningStep
} from "../../../mixins/sse/gateway/opening/opening.ts";
import { Compression } from "../../../mixins/sse/gateway/request/compression.ts";
import { StreamRefusals } from "../../../mixins/sse/gateway/request/stream-refusals.ts";
import { Shutdown } from "../../../mixins/sse/gateway/stop/shutdown.ts";
import type {
	GatewayOptions,
	GatewayService,
	SseMixinOptions
} from "../../../mixins/sse/gateway/types.ts";
import { checkOptions } from "../../../mixins/sse/moleculer/check-options.ts";
import { EventStream } from "../../../mixins/sse/streams/event-stream.ts";
import { Flush } from "../../../mixins/sse/streams/flush.ts";
import { type Answer, type RequestOptions, send } from "../clients/request.ts";
import { onTestFinished } from "../on-test-finished.ts";

/** A request that has arrived, and what its client gets for it. */
export interface Knock {
	readonly opening: Opening;
	/** Rejects if the connection breaks. */
	readonly answer: Promise<Answer>;
}

/** Everything that a gateway's openings work with, in front of real requests, and without a gateway. */
export class OpeningStage implements OpeningParts {
	readonly options: GatewayOptions;
	readonly access: Access;
	readonly limits: Limits;
	readonly counters: GatewayCounters = new GatewayCounters();
	readonly refusals: StreamRefusals;
	readonly shutdown: Shutdown;
	readonly compression: Compression;
	readonly registry: Registry<EventStream> = new Registry();
	readonly pendingOpens: PendingOpens = new PendingOpens();
	/** Openings that have become a stream, in order. */
	readonly begun: Opening[] = [];
	readonly streams: OpeningParts["streams"] = { begin: opening => this.#begin(opening) };
	readonly #server = createServer();
	readonly #flush = new Flush();

	private constructor(options: SseMixinOptions) {
		const service: GatewayService = new ServiceBroker({ logger: false }).createService({
			name: "api"
		});
		this.options = checkOptions(
			"SseMixin",
			SSE_MIXIN_OPTIONS,
			options
		) as unknown as GatewayOptions;
		this.access = new Access(this.options, service, this.counters);
		this.limits = new Limits(this.options.limits, false, service, this.registry, this.counters);
		this.refusals = new StreamRefusals(this.counters, this.options.refusals);
		this.shutdown = new Shutdown(this.options, this.registry, service);
		this.compression = new Compression(this.options.compression);
	}

	/** Default of `session`: alice. */
	static async start(options: SseMixinOptions = {}): Promise<OpeningStage> {
		const stage = new OpeningStage({ session: () => "alice", retry: [3000, 3000], ...options });
		await once(stage.#server.listen(0, "127.0.0.1"), "listening");
		onTestFinished(() => {
			stage.#server.closeAllConnections();
			stage.#server.close();
		});
		return stage;
	}

	/** Makes a client ask for a stream. Default: of `news`. */
	async knock(query = "?eventName=news", request: RequestOptions = {}): Promise<Knock> {
		const { port } = this.#server.address() as AddressInfo;
		const come = once(this.#server, "request");
		const answer = send(`http://127.0.0.1:${port}/${query}`, request);
		// a test that is not about the answer does not wait for it
		answer.catch(() => {});
		const [incoming, outgoing] = (await come) as [IncomingMessage, ServerResponse];
		const pendingOpen = this.pendingOpens.begin(performance.now());
		return { opening: new Opening(incoming, outgoing, pendingOpen), answer };
	}

	/** Makes an opening pass steps. */
	async pass(opening: Opening, steps: readonly OpeningStep[]): Promise<void> {
		for (const step of steps) await step(opening, this);
	}

	/** Opens a stream of `news`, past everything that could be in its way. */
	async openStream(): Promise<EventStream> {
		const { opening } = await this.knock();
		await openStream(opening, this);
		return [...this.registry].at(-1) as EventStream;
	}

	/** What openings have taken. */
	get taken(): { begun: number; streams: number; counted: number; tickets: number } {
		return {
			begun: this.begun.length,
			streams: this.registry.size,
			counted: this.limits.counted,
			tickets: this.access.tickets?.remembered ?? 0
		};
	}

	#begin(opening: Opening): void {
		const { request, response, subscription } = opening;
		const stream = new EventStream(request, response, {
			...subscription,
			maxUnsentBytes: this.options.buffer.maxBytes,
			policy: this.options.buffer.policy,
			flush: this.#flush,
			expiresAt: Number.POSITIVE_INFINITY,
			onError: () => {},
			onEnd: ended => this.registry.remove(ended),
			onClose: closed => this.limits.closed(closed)
		});
		this.begun.push(opening);
		this.limits.opened(stream, request);
		this.registry.add(stream);
		stream.open();
		stream.putOff(() => openFrame(subscription.eventNames, false, { degraded: false }));
	}
}
