import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type Service, ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import { SseMiddleware, SseMixin, type SseMixinOptions } from "../../mixins/sse/index.ts";
import { freePort } from "../support/processes/ports.ts";
import { startTcpProxy, type TcpProxy } from "../support/processes/tcp-proxy.ts";
import { TLS } from "../support/tls.ts";
import { PAGE, WORKER } from "./page.ts";

export interface StageSetup {
	readonly sse?: SseMixinOptions;
	readonly http2?: boolean;
	/** Default 1. With more, pages are behind a proxy that takes them in turn, and answers 502 while it reaches none. */
	readonly gateways?: number;
}

/** Gateways, what stands before them, and a sender that counts. */
export class Stage {
	readonly origin: string;
	/** What can be stopped between a lone gateway and its pages. */
	readonly wire: TcpProxy | undefined;
	/** Events that were sent. */
	sent = 0;
	/** Whether sessions are over: streams and calls are answered 401. */
	isOver = false;
	/** Where streams are sent to, to log in. */
	login: string | undefined;
	readonly #gateways: GatewayNode[];
	readonly #sender: ServiceBroker;
	readonly #proxy: Server | undefined;
	#timer: NodeJS.Timeout | undefined;

	static async start(setup: StageSetup = {}): Promise<Stage> {
		const { gateways: count = 1, http2 = false } = setup;
		const namespace = crypto.randomUUID();
		const stage: { now?: Stage } = {};
		const gateways = await Promise.all(
			Array.from({ length: count }, async (_, n) => {
				const port = await freePort();
				return new GatewayNode(`gateway-${n}`, namespace, port, setup, () => stage.now);
			})
		);
		for (const gateway of gateways) await gateway.start();
		const sender = new ServiceBroker({ ...brokerOptions(namespace), nodeID: "sender" });
		await sender.start();
		await sender.waitForServices("api");
		const [first] = gateways as [GatewayNode];
		const proxy = count > 1 ? await startProxy(gateways) : undefined;
		const wire = count > 1 ? undefined : await startTcpProxy(first.port);
		const port = proxy ? (proxy.address() as AddressInfo).port : (wire as TcpProxy).port;
		const origin = `${http2 ? "https" : "http"}://127.0.0.1:${port}`;
		stage.now = new Stage(origin, gateways, sender, proxy, wire);
		return stage.now;
	}

	constructor(
		origin: string,
		gateways: GatewayNode[],
		sender: ServiceBroker,
		proxy: Server | undefined,
		wire: TcpProxy | undefined
	) {
		this.origin = origin;
		this.#gateways = gateways;
		this.#sender = sender;
		this.#proxy = proxy;
		this.wire = wire;
	}

	/** The URL of the page, for a user. */
	page(user: string, options: object = {}): string {
		return `${this.origin}/page?as=${user}&options=${encodeURIComponent(JSON.stringify(options))}`;
	}

	/** Streams that are open. */
	get streams(): number {
		return this.#gateways.reduce((sum, { streams }) => sum + streams, 0);
	}

	gateway(n: number): GatewayNode {
		return this.#gateways[n % this.#gateways.length] as GatewayNode;
	}

	broadcast(name: string, params: object): Promise<unknown> {
		return this.#sender.broadcast(name, params) as Promise<unknown>;
	}

	/** Sends the next number to a user. */
	async send(user = "alice"): Promise<void> {
		const payload = this.sent++;
		await this.broadcast("sse.send", { eventName: "news", sessionId: user, payload });
	}

	/** Sends so many events a second from now on. */
	begin(perSecond: number): void {
		const began = performance.now();
		const first = this.sent;
		this.#timer = setInterval(() => {
			const due = first + ((performance.now() - began) / 1000) * perSecond;
			while (this.sent < due) void this.send();
		}, 5);
	}

	halt(): void {
		clearInterval(this.#timer);
	}

	async stop(): Promise<void> {
		this.halt();
		this.#proxy?.closeAllConnections();
		this.#proxy?.close();
		await this.wire?.close();
		await Promise.all(this.#gateways.map(gateway => gateway.stop()));
		await this.#sender.stop();
	}
}

/** One gateway, which may stop and start again on its port. */
export class GatewayNode {
	readonly port: number;
	readonly #name: string;
	readonly #namespace: string;
	readonly #setup: StageSetup;
	readonly #stage: () => Stage | undefined;
	#broker: ServiceBroker | undefined;
	#service: Service | undefined;

	constructor(
		name: string,
		namespace: string,
		port: number,
		setup: StageSetup,
		stage: () => Stage | undefined
	) {
		this.#name = name;
		this.#namespace = namespace;
		this.port = port;
		this.#setup = setup;
		this.#stage = stage;
	}

	get isUp(): boolean {
		return this.#broker !== undefined;
	}

	get streams(): number {
		const gateway =
			this.#service && Reflect.get(this.#service, Symbol.for("moleculer-sse.gateway"));
		return gateway?.streams.size ?? 0;
	}

	async start(): Promise<void> {
		const { sse = {}, http2 = false } = this.#setup;
		const broker = new ServiceBroker({ ...brokerOptions(this.#namespace), nodeID: this.#name });
		const answer = (type: string, body: string) => (req: IncomingMessage, res: ServerResponse) => {
			const user = /[?&]as=(\w+)/.exec(
				(req as { originalUrl?: string }).originalUrl ?? req.url ?? ""
			);
			if (user) res.setHeader("Set-Cookie", `sid=${user[1]}; Path=/`);
			res.setHeader("Content-Type", type);
			// HTTP/2 has no chain here
			res.end(body);
		};
		const session = (
			{ meta }: { meta: { user?: string } },
			req: { headers: IncomingMessage["headers"] }
		) =>
			this.#stage()?.isOver ? null : (meta.user ?? /sid=(\w+)/.exec(req.headers.cookie ?? "")?.[1]);
		this.#service = broker.createService({
			name: "api",
			mixins: [
				SseMixin({
					client: "/sse/client.js",
					drain: 0,
					retry: [50, 150],
					session: session as never,
					ticket: { secret: "a secret of these tests, of at least 32 bytes" },
					limits: { opensPerSecond: 0 },
					...sse
				}),
				ApiGateway
			],
			settings: {
				port: this.port,
				ip: "127.0.0.1",
				use: [
					(req: IncomingMessage, res: ServerResponse, next: () => void) => {
						const login = this.#stage()?.login;
						const { originalUrl } = req as { originalUrl?: string };
						if (!login || !originalUrl?.startsWith("/sse/event-stream")) return next();
						res.writeHead(302, { Location: login }).end();
					}
				],
				...(http2 && { http2: true, https: TLS }),
				routes: [
					{
						path: "/page",
						aliases: {
							"GET /": answer("text/html", PAGE),
							"GET /other": answer("text/html", "other")
						}
					},
					{ path: "/worker.js", aliases: { "GET /": answer("text/javascript", WORKER) } },
					{
						path: "/api",
						aliases: {
							"GET /ping": answer("text/plain", "pong"),
							"POST /stream-ticket": "api.sseTicket"
						}
					}
				]
			}
		});
		await broker.start();
		this.#broker = broker;
	}

	async stop(): Promise<void> {
		const broker = this.#broker;
		this.#broker = undefined;
		await broker?.stop();
	}
}

const brokerOptions = (namespace: string) => ({
	namespace,
	transporter: "Fake" as const,
	logger: false as const,
	registry: { stopDelay: 0 },
	middlewares: [SseMiddleware()]
});

/** A site of another origin where one logs in, and which lets no page of others read it. */
export async function startLogin(): Promise<{ url: string; stop(): void }> {
	const server = createServer((_, res) => res.setHeader("Content-Type", "text/html").end("login"));
	await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
		stop() {
			server.closeAllConnections();
			server.close();
		}
	};
}

/** As nginx in front of gateways: in turn, and 502 if none of them answers. */
async function startProxy(gateways: readonly GatewayNode[]): Promise<Server> {
	let turn = 0;
	const server = createServer((req, res) => {
		const gateway = gateways[turn++ % gateways.length] as GatewayNode;
		const away = () => {
			if (res.headersSent) res.destroy();
			else res.writeHead(502).end("no gateway");
		};
		if (!gateway.isUp) return away();
		const further = request(
			{
				port: gateway.port,
				host: "127.0.0.1",
				path: req.url,
				method: req.method,
				headers: req.headers
			},
			answer => {
				res.writeHead(answer.statusCode as number, answer.headers);
				answer.pipe(res);
				answer.on("error", away);
			}
		);
		further.on("error", away);
		res.on("close", () => further.destroy());
		req.pipe(further);
	});
	await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
	return server;
}
