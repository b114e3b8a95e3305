import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, jest } from "@jest/globals";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import type {
	CloseParams,
	SseClosed,
	SseNode,
	SseNodes,
	SseStreams,
	StreamsParams
} from "../../mixins/sse/index.ts";
import { INSPECTION_VERBS } from "../../mixins/sse/inspection/repl.ts";
import { send } from "../support/clients/request.ts";
import { FLOOD, openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { gatewaySchema, startGateway, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";

const NEWS = "news";
const { version } = JSON.parse(readFileSync("package.json", "utf8"));

interface Cluster {
	readonly gateways: readonly TestGateway[];
	/** A node that is no gateway. */
	readonly desk: ServiceBroker;
	/** Nodes that are not the package's, and that gateways take for gateways: one never answers, one is of an old version. */
	addSilent(): Promise<void>;
}

/** Two gateways, and a node that is none. */
async function startCluster(options: object = {}): Promise<Cluster> {
	const namespace = crypto.randomUUID();
	const node = (nodeID: string): TestNode =>
		new TestNode({ broker: { ...memberOf(namespace, nodeID), ...options } });
	const gateways = ["gw-1", "gw-2"].map(nodeID => new TestGateway(node(nodeID)));
	const desk = node("desk").broker;
	const brokers = [...gateways.map(({ broker }) => broker), desk];
	await Promise.all(brokers.map(broker => broker.start()));
	await meet(...brokers);
	const addSilent = async (): Promise<void> => {
		const listens = { events: { "sse.ticket": () => {} } };
		const never = { "$sse.report": { visibility: "public", handler: () => new Promise(() => {}) } };
		const settings = { $noServiceNamePrefix: true };
		const silent = [
			{
				...memberOf(namespace, "frozen"),
				service: { name: "api", settings, actions: never, ...listens }
			},
			{ ...memberOf(namespace, "old"), service: { name: "api", ...listens } }
		];
		for (const { service, ...broker } of silent) {
			const services = [service as unknown as ServiceSchema];
			const { broker: started } = new TestNode({ middleware: false, broker, services });
			await started.start();
			brokers.push(started);
		}
		await meet(...brokers);
	};
	return { gateways, desk, addSilent };
}

const closeOf = (broker: ServiceBroker, params: CloseParams): Promise<SseClosed> =>
	broker.call("$sse.close", params as object);
const streamsOf = (broker: ServiceBroker, params?: object): Promise<SseStreams> =>
	broker.call("$sse.streams", params);

/** What a verb of the REPL writes. */
async function typed(broker: ServiceBroker, line: string): Promise<string> {
	const log = jest.spyOn(console, "log").mockImplementation(() => {});
	try {
		const [verb = "", ...words] = line.split(" ");
		await INSPECTION_VERBS[verb]?.run(broker, words);
		return log.mock.calls.flat().join("\n");
	} finally {
		log.mockRestore();
	}
}

describe("from any node", () => {
	it("`$sse.nodes` tells of each gateway", async () => {
		const { gateways, desk } = await startCluster();
		const [first, second] = gateways as [TestGateway, TestGateway];
		await openStream(first.url(NEWS), { session: "a" });
		await first.send({ eventName: NEWS, sessionId: "a", payload: 1 });
		await eventually(async () => {
			const { nodes, silent } = await desk.call<SseNodes>("$sse.nodes");
			expect(silent).toEqual([]);
			const common = {
				service: "api",
				version,
				ready: true,
				degraded: false,
				behind: 0,
				unsent: 0
			};
			const history = {
				events: expect.any(Number),
				bytes: expect.any(Number),
				age: expect.any(Number)
			};
			const bus = expect.objectContaining({ kind: "moleculer", working: true });
			expect(nodes).toEqual([
				{ ...common, nodeID: "gw-1", streams: 1, sessions: 1, history, bus },
				{ ...common, nodeID: "gw-2", streams: 0, sessions: 0, history, bus }
			]);
		});
		const own = await second.broker.call<SseNodes>("$sse.nodes");
		expect(own.nodes.map(({ nodeID }) => nodeID)).toEqual(["gw-1", "gw-2"]);

		// what is asked is a node's own, but for what gateways ask each other
		const known = (name: string) => desk.registry.getActionEndpointByNodeId(name, "gw-1");
		for (const name of ["nodes", "streams", "close"]) expect(known(`$sse.${name}`)).toBeFalsy();
		expect(known("$sse.report")).toBeTruthy();
	});

	it("asks the others also with the balancer off", async () => {
		const { desk } = await startCluster({ disableBalancer: true });
		const { nodes, silent } = await desk.call<SseNodes>("$sse.nodes");
		expect(silent).toEqual([]);
		expect(nodes.map(({ nodeID }) => nodeID)).toEqual(["gw-1", "gw-2"]);
	});

	it("without a history and without SseMiddleware, says so", async () => {
		const gateway = await startGateway({ middleware: false, sse: { history: null } });
		const { nodes } = await gateway.broker.call<SseNodes>("$sse.nodes");
		expect(nodes).toEqual([
			expect.objectContaining({ history: null, bus: null } satisfies Partial<SseNode>)
		]);
	});

	it("`$sse.streams` lists open streams, and finds them by session, event name and slowness", async () => {
		const { gateways, desk } = await startCluster();
		const [first, second] = gateways as [TestGateway, TestGateway];
		await openStream(first.url(NEWS), { session: "a" });
		await openStream(second.url(NEWS, "chat"), { session: "a" });
		const slow = await openStream(second.url("chat"), { session: "b" });

		const count = async (params: StreamsParams) => (await streamsOf(desk, params)).total;
		expect(await count({})).toBe(3);
		expect(await count({ session: "a" })).toBe(2);
		expect(await count({ event: "chat" })).toBe(2);
		expect(await count({ session: "a", event: "chat" })).toBe(1);
		expect(await count({ session: "nobody" })).toBe(0);
		expect(await count({ behind: true })).toBe(0);

		slow.stall();
		await second.send({ eventName: "chat", sessionId: "b", payload: FLOOD });
		await eventually(async () => {
			const { streams, total } = await streamsOf(desk, { behind: true });
			expect(total).toBe(1);
			expect(streams[0]).toMatchObject({ nodeID: "gw-2", phase: "live", behind: true });
			expect(streams[0]?.unsent).toBeGreaterThan(1_000_000);
		});
		const { nodes } = await desk.call<SseNodes>("$sse.nodes");
		expect(nodes[1]).toMatchObject({ behind: 1, unsent: expect.any(Number) });
	});

	it("lists no more than was asked for, and says how many there are", async () => {
		const gateway = await startGateway();
		const { broker } = gateway;
		await Promise.all(
			Array.from({ length: 8 }, (_, n) => openStream(gateway.url(NEWS), { session: `s${n}` }))
		);
		const some = await streamsOf(broker, { limit: 5 });
		expect([some.streams.length, some.total]).toEqual([5, 8]);
		expect((await streamsOf(broker, { limit: 0 })).streams).toEqual([]);
		expect(await typed(broker, "streams --limit 5")).toMatch(/\n5 of 8 streams\.$/);
	});

	it("`$sse.close` ends a session's streams on all gateways, and says how many", async () => {
		const { gateways, desk } = await startCluster();
		const opening = gateways.map(gateway => openStream(gateway.url(NEWS), { session: "a" }));
		const mine = await Promise.all(opening);
		const other = await openStream((gateways[0] as TestGateway).url(NEWS), { session: "b" });
		const closed = await closeOf(desk, { session: "a", reason: "banned" });
		expect(closed).toEqual({ closed: 2, left: 0, silent: [] });
		for (const stream of mine) {
			expect(await stream.next("sse.close")).toMatchObject({ data: '{"reason":"banned"}' });
		}
		expect(await closeOf(desk, { session: "*" })).toMatchObject({ closed: 1 });
		expect(await other.next("sse.close")).toMatchObject({ data: '{"reason":"revoked"}' });
	});
});

// A session id of the default cookie is what opens the session's streams.
describe("session ids", () => {
	it("are shown as hashes, the same on each gateway, but to those who know one", async () => {
		const schema = gatewaySchema({ name: "other" });
		const gateway = await startGateway({ services: [schema] });
		const desk = gateway.broker;
		const other = desk.getLocalService("other") as unknown as { server: Server };
		const { port } = other.server.address() as AddressInfo;
		const secret = "a-secret-session";
		await openStream(gateway.url(NEWS), { session: secret });
		const url = `http://127.0.0.1:${port}/sse/event-stream?eventName=${NEWS}`;
		await openStream(url, { session: secret });
		const { streams } = await streamsOf(desk);
		const [hash, same] = streams.flatMap(({ sessions }) => sessions);
		expect(hash).toMatch(/^#[\w-]{10}$/);
		expect(same).toBe(hash);
		expect(JSON.stringify(streams)).not.toContain(secret);
		expect(await typed(desk, "streams")).not.toContain(secret);

		const known = await streamsOf(desk, { session: secret });
		expect(known.streams.map(({ sessions }) => sessions)).toEqual([[secret], [secret]]);
	});

	it("that a stream has beside the one that was asked for stay hashes", async () => {
		const gateway = await startGateway({ sse: { session: () => ["user:7", "login:3"] } });
		await openStream(gateway.url(NEWS));
		const { streams } = await streamsOf(gateway.broker, { session: "login:3" });
		expect(streams[0]?.sessions).toEqual(["login:3", expect.stringMatching(/^#/)]);
		expect(streams[0]?.sessionCount).toBe(2);
	});
});

describe("a gateway that does not answer", () => {
	it("is named within two seconds, and the others' answers are there", async () => {
		const { desk, addSilent } = await startCluster();
		await addSilent();
		const began = performance.now();
		const [{ nodes, silent }, text] = await Promise.all([
			desk.call<SseNodes>("$sse.nodes"),
			typed(desk, "nodes")
		]);
		expect(performance.now() - began).toBeLessThan(4_000);
		expect(nodes.map(({ nodeID }) => nodeID)).toEqual(["gw-1", "gw-2"]);
		expect(silent).toEqual([
			{ nodeID: "frozen", reason: "timeout" },
			{ nodeID: "old", reason: "unsupported" }
		]);
		expect(text).toContain("No answer from 'frozen' (timeout).");
		expect(text).toContain("No answer from 'old' (unsupported).");
	});
});

describe("the actions", () => {
	it.each([
		["$sse.streams", { session: "" }, "session"],
		["$sse.streams", { session: "*" }, "session"],
		["$sse.streams", { event: 7 }, "event"],
		["$sse.streams", { behind: "yes" }, "behind"],
		["$sse.streams", { limit: 1001 }, "limit"],
		["$sse.streams", { sesion: "a" }, "sesion"],
		["$sse.nodes", { all: true }, "all"],
		["$sse.why", { session: "a" }, "event"],
		["$sse.why", { session: "a", event: "gw-1.k3f9.4~gw-1.x0vn~1~s" }, "event"],
		["$sse.close", {}, "session"],
		["$sse.close", { session: "a", reason: "" }, "reason"]
	])("%s refuses %j, and names what is wrong", async (action, params, parameter) => {
		const node = new TestNode({ broker: { validator: false } as never });
		await node.broker.start();
		await expect(node.broker.call(action, params)).rejects.toMatchObject({
			type: "SSE_INVALID_REQUEST",
			data: { parameter }
		});
	});

	// They are for an application's own admin pages: whoever reaches them may close any stream.
	it("cannot be reached by a URL, whatever is whitelisted or has an alias", async () => {
		const names = ["nodes", "streams", "close", "why", "report"];
		const aliases = Object.fromEntries(names.map(name => [`GET /alias/${name}`, `$sse.${name}`]));
		const gateway = await startGateway({
			settings: {
				routes: [{ path: "/api", whitelist: ["**", "$sse.*"], mappingPolicy: "all", aliases }]
			}
		});
		await openStream(gateway.url(NEWS), { session: "a" });
		for (const name of names) {
			for (const path of [
				`alias/${name}`,
				`~sse/${name}`,
				`$sse/${name}`,
				`$sse.${name}`,
				`~sse.${name}`
			]) {
				const { status, text } = await send(`${gateway.origin}/api/${path}?session=a`);
				expect([path, status]).toEqual([path, 404]);
				expect(text).not.toContain("gw-1");
			}
		}
		expect(gateway.held.streams).toBe(1);
	});
});

describe("at the REPL", () => {
	it("`sse nodes`, `sse streams` and `sse close` show the same", async () => {
		const gateway = await startGateway({ broker: { nodeID: "gw-1" } });
		const desk = gateway.broker;
		await openStream(gateway.url(NEWS, "chat"), { session: "a" });
		expect(await typed(desk, "nodes")).toMatch(
			/^node +service +version.*\ngw-1 +api +\d.*ready +1 +1 +0 /
		);
		expect(await typed(desk, "streams --session a")).toMatch(
			/\ngw-1 +api +a +news \+1 +live .*\n1 stream\.$/
		);
		expect(await typed(desk, "streams --event chat")).toMatch(/\n1 stream\.$/);
		expect(await typed(desk, "streams --behind")).toBe("0 streams.");
		expect(await typed(desk, "close a banned")).toBe("Closed 1 stream.");
	});

	it("keeps ids as the text that was typed", async () => {
		const gateway = await startGateway();
		await openStream(gateway.url(NEWS), { session: "1e3" });
		expect(await typed(gateway.broker, "streams --session 1e3")).toMatch(/\n1 stream\.$/);
		expect(await typed(gateway.broker, "streams --session=1000")).toBe("0 streams.");
	});

	it("says what is wrong with what was typed", async () => {
		const node = new TestNode();
		await node.broker.start();
		expect(await typed(node.broker, "streams --sesion a")).toMatch(
			/"--sesion" is unknown\. Usage: sse streams/
		);
		expect(await typed(node.broker, "streams --session")).toMatch(/"--session" takes a value/);
		expect(await typed(node.broker, "streams --limit many")).toMatch(
			/"limit" takes a whole number/
		);
		expect(await typed(node.broker, "nodes all")).toMatch(/Too many words\. Usage: sse nodes/);
		expect(await typed(node.broker, "close")).toMatch(/Something is missing\. Usage: sse close/);
	});

	it("shows nothing that a terminal would take for a command", async () => {
		const gateway = await startGateway();
		await openStream(gateway.at("/sse/event-stream", "\u001b[2Jnews"), { session: "a" });
		expect(await typed(gateway.broker, "streams")).not.toContain("\u001b");
	});
});
