import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import type { TicketOptions } from "../../mixins/sse/index.ts";
import { send } from "../support/clients/request.ts";
import { openStream, requestStream } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import { type NodeSetup, startGateway, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { freePorts } from "../support/processes/ports.ts";
import { type RunningProcess, spawnNode } from "../support/processes/process.ts";

const SECRET = "a secret of these tests, of at least 32 bytes";
/** Milliseconds after which a gateway has existed for longer than any ticket that is still valid. */
const LONG = 120_000;

const setup = (ticket: TicketOptions = { secret: SECRET }) => ({
	sse: { session: (_ctx: unknown, req: { headers: object }) => userOf(req), ticket },
	settings: { routes: [{ path: "/api", aliases: { "GET /ticket": "api.sseTicket" } }] }
});

const userOf = ({ headers }: { headers: object }) =>
	(headers as { authorization?: string }).authorization ?? null;

const start = (node: NodeSetup = {}) => startGateway({ ...node, ...setup() });

/** Gateways of one cluster, each of which knows the others. */
async function startCluster(
	...ids: string[]
): Promise<[TestGateway, TestGateway, ...TestGateway[]]> {
	const namespace = crypto.randomUUID();
	const gateways = await Promise.all(ids.map(id => start({ broker: memberOf(namespace, id) })));
	await meet(...gateways.map(({ broker }) => broker));
	return gateways as [TestGateway, TestGateway, ...TestGateway[]];
}

interface Origin {
	readonly origin: string;
}

async function ask({ origin }: Origin, user = "alice"): Promise<string> {
	const headers = { authorization: user };
	const { text } = await send(`${origin}/api/ticket?eventName=news`, { headers });
	return JSON.parse(text).ticket;
}

/** The status with which a ticket is answered; an opened stream is closed again. */
async function use({ origin }: Origin, ticket: string): Promise<number> {
	const query = new URLSearchParams({ eventName: "news", ticket });
	const stream = await requestStream(`${origin}/sse/event-stream?${query}`);
	if (stream.status === 200) await stream.next("sse.open");
	stream.close();
	return stream.status;
}

const logOut = ({ broker }: TestGateway) => broker.broadcast("sse.close", { sessionId: "alice" });

describe("a ticket of a user who has logged out and in again", () => {
	it("is valid on every gateway at once, and none from before is", async () => {
		const gateways = await startCluster("g1", "g2", "g3");
		const [one] = gateways;
		const before = await Promise.all(gateways.map(() => ask(one)));
		await logOut(one);
		const after = await Promise.all(gateways.map(() => ask(one)));

		for (const [n, gateway] of gateways.entries()) {
			expect(await use(gateway, before[n] as string)).toBe(401);
			expect(await use(gateway, after[n] as string)).toBe(200);
		}
	});

	it("is valid even if the revocation came with groups, or with metadata of its own", async () => {
		const [one, two] = await startCluster("g1", "g2");
		const { broker } = one;
		await broker.broadcast("sse.close", { sessionId: "alice" }, { meta: { user: "root" } });
		await broker.broadcast("sse.close", { sessionId: "alice" }, ["api"]);

		expect(await use(two, await ask(one))).toBe(200);
	});

	// Over Redis a packet may arrive twice.
	it("is valid even if the bus repeats the revocation", async () => {
		const gateway = await start();
		const { broker } = gateway;
		const options = { meta: { $sse: { revocation: `${broker.nodeID}.epoch.1` } } };
		const before = await ask(gateway);
		await broker.broadcastLocal("sse.close", { sessionId: "alice" }, options);
		const after = await ask(gateway);
		await broker.broadcastLocal("sse.close", { sessionId: "alice" }, options);

		expect(await use(gateway, before)).toBe(401);
		expect(await use(gateway, after)).toBe(200);
	});

	it("becomes valid elsewhere after the clocks' tolerance, if the sender has no middleware", async () => {
		const clocks = stubClocks();
		const namespace = crypto.randomUUID();
		const [one, two] = (await Promise.all(
			["g1", "g2"].map(id => start({ middleware: false, broker: memberOf(namespace, id) }))
		)) as [TestGateway, TestGateway];
		await meet(one.broker, two.broker);
		const before = await ask(one);
		await logOut(one);
		expect(await use(one, before)).toBe(401);
		expect(await use(two, before)).toBe(401);
		expect(await use(one, await ask(one))).toBe(200);
		expect(await use(two, await ask(one))).toBe(401);
		clocks.pass(10_001);

		expect(await use(two, await ask(one))).toBe(200);
	});
});

// What a gateway knew of tickets was gone with its process: used and revoked ones were valid again.
describe("a gateway that is restarted", () => {
	const restart = async (gateway: TestGateway, broker: NodeSetup["broker"] = {}) => {
		await gateway.broker.stop();
		return start({ broker: { nodeID: gateway.broker.nodeID, ...broker } });
	};

	it("accepts none of its tickets from before: used, revoked, or neither", async () => {
		const gateway = await start();
		const [used, revoked] = [await ask(gateway), await ask(gateway)];
		expect(await use(gateway, used)).toBe(200);
		await logOut(gateway);
		const fresh = await ask(gateway);
		const again = await restart(gateway);

		expect(await use(again, used)).toBe(401);
		expect(await use(again, revoked)).toBe(401);
		expect(await use(again, fresh)).toBe(401);
		expect(await use(again, await ask(again))).toBe(200);
	});

	it("accepts none that was used or revoked on another, and at once those that the other issues", async () => {
		const namespace = crypto.randomUUID();
		const [one, two] = (await Promise.all(
			["g1", "g2"].map(id => start({ broker: memberOf(namespace, id) }))
		)) as [TestGateway, TestGateway];
		await meet(one.broker, two.broker);
		const [used, revoked] = [await ask(one), await ask(one)];
		expect(await use(one, used)).toBe(200);
		await logOut(one);
		const again = await restart(two, memberOf(namespace, "g2"));
		await meet(one.broker, again.broker);

		expect(await use(again, used)).toBe(401);
		expect(await use(again, revoked)).toBe(401);
		expect(await use(again, await ask(one))).toBe(200);
		// it has not heard who was revoked before it existed
		expect(await use(one, await ask(again, "bob"))).toBe(200);
	});

	it("is like a new one, even if its broker and its service are the same", async () => {
		const node = new TestNode();
		const gateway = new TestGateway(node, setup());
		await gateway.broker.start();
		const ticket = await ask(gateway);
		await gateway.broker.stop();
		await gateway.broker.start();

		expect(await use(gateway, ticket)).toBe(401);
		expect(await use(gateway, await ask(gateway))).toBe(200);
	});
});

describe("a gateway that another one does not know yet", () => {
	type Handle = (cmd: string, packet: { payload: { sender: string } }) => unknown;

	/** Holds back what a node hears of another one, as TCP's gossip does for seconds. */
	function deafTo(nodeID: string) {
		const held: (() => unknown)[] = [];
		let isDeaf = true;
		const transitMessageHandler = (next: Handle): Handle =>
			function (this: unknown, cmd, packet) {
				if (!isDeaf || packet.payload.sender !== nodeID) return next.call(this, cmd, packet);
				held.push(() => next.call(this, cmd, packet));
				return undefined;
			};
		const hear = () => {
			isDeaf = false;
			for (const go of held.splice(0)) go();
		};
		return { middleware: { transitMessageHandler } as never, hear };
	}

	/** Three gateways, of which the second does not know the third until `meetAll`. */
	async function startApart() {
		const namespace = crypto.randomUUID();
		const { middleware, hear } = deafTo("g3");
		const one = await start({ broker: memberOf(namespace, "g1") });
		const two = await start({
			broker: { ...memberOf(namespace, "g2"), middlewares: [middleware] }
		});
		await meet(one.broker, two.broker);
		const three = await start({ broker: memberOf(namespace, "g3") });
		await meet(one.broker, three.broker);
		expect(knows(two, three)).toBe(false);
		const meetAll = () => {
			hear();
			return meet(one.broker, two.broker, three.broker);
		};
		return { one, two, three, meetAll };
	}

	const knows = (gateway: TestGateway, other: TestGateway) =>
		gateway.broker.registry.nodes.get(other.broker.nodeID) !== undefined;

	// The issuer knew it, and said so in the ticket; the gateway where the ticket was used did not, and could not tell it. It
	// accepted the ticket once more, for as long as the ticket lived.
	it("is told which tickets were used as soon as the two have met", async () => {
		const { one, two, three, meetAll } = await startApart();
		const [used, unused] = [await ask(one), await ask(one)];
		expect(JSON.parse(atob(used.split(".")[1] ?? "")).lives).toHaveLength(2);
		expect(await use(two, used)).toBe(200);
		await meetAll();

		expect(await use(three, used)).toBe(401);
		expect(await use(three, unused)).toBe(200);
	});

	it("notices then that it has missed a revocation, and accepts no ticket from before", async () => {
		const { one, two, three, meetAll } = await startApart();
		const revoked = await ask(one);
		await logOut(two);
		await meetAll();
		// it had no stream that this could have been about
		await eventually(() => expect(three.log.at("debug").join()).toContain("did not arrive"));

		expect(await use(three, revoked)).toBe(401);
	});
});

describe("a gateway whose wall clock jumps", () => {
	it("forward accepts no ticket from before: its machine may have been suspended", async () => {
		const clocks = stubClocks();
		const gateway = await start();
		const ticket = await ask(gateway);
		clocks.setWall(3_600_000);

		expect(await use(gateway, ticket)).toBe(401);
		expect(await use(gateway, await ask(gateway))).toBe(200);
	});

	it.each([9000, -3_600_000])("knows how old its own tickets are: by %i ms", async by => {
		const clocks = stubClocks();
		const gateway = await start();
		const [first, second] = [await ask(gateway), await ask(gateway)];
		clocks.setWall(by);
		expect(await use(gateway, first)).toBe(200);
		expect(await use(gateway, first)).toBe(401);
		clocks.pass(30_001);

		expect(await use(gateway, second)).toBe(401);
	});

	it("back does not accept what had been used, and what it had forgotten", async () => {
		const clocks = stubClocks();
		const [one, two] = await startCluster("g1", "g2");
		clocks.pass(LONG);
		const ticket = await ask(one);
		expect(await use(two, ticket)).toBe(200);
		clocks.pass(LONG);
		// something that makes it prune what it remembers
		expect(await use(two, await ask(two))).toBe(200);
		clocks.setWall(-LONG);

		expect(await use(two, ticket)).toBe(401);
	});
});

describe("a ticket of another program", () => {
	it("that is from the future is refused, and the log says what to do, once in a while", async () => {
		const clocks = stubClocks();
		const [one, two] = [await start(), await start({ broker: { nodeID: "g2" } })];
		clocks.pass(LONG);
		clocks.setWall(15_000);
		const tickets = [await ask(one), await ask(one), await ask(one)];
		clocks.setWall(-15_000);
		for (const ticket of tickets) expect(await use(two, ticket)).toBe(401);

		const warnings = two.log.at("warn").filter(text => text.includes("ticket"));
		expect(warnings).toHaveLength(1);
		expect(warnings[0]).toMatch(/issued 1[45] s in the future.*within 10 s: synchronise them/);
	});
});

/** Gateways in processes of their own, each with a clock that is fast by so many milliseconds. */
async function startSkewed(...skews: number[]): Promise<Origin[]> {
	const node = fileURLToPath(new URL("../support/fixtures/ticket-node.ts", import.meta.url));
	const ports = (await freePorts(skews.length)).join();
	const processes: RunningProcess[] = skews.map((skew, index) =>
		spawnNode(node, [], {
			env: { SKEW: String(skew), PORTS: ports, INDEX: String(index), TRANSPORTER: undefined }
		})
	);
	onTestFinished(async () => void (await Promise.all(processes.map(process => process.stop()))));
	return Promise.all(
		processes.map(async process => {
			const [, port] = await process.waitFor(/listening on (\d+)/);
			await process.waitFor(new RegExp(`knows ${skews.length}`));
			return { origin: `http://127.0.0.1:${port}` };
		})
	);
}

describe("gateways in processes whose clocks differ", () => {
	// The revocation's time here was compared with the ticket's time there, to the millisecond.
	it.each([
		[0, -5000],
		[0, -9500],
		[0, 9500]
	])(
		"accept each other's tickets, and none from before a revocation: %i and %i ms",
		async (...skews) => {
			const gateways = await startSkewed(...skews);
			for (const [n, issuer] of gateways.entries()) {
				const other = gateways[1 - n] as Origin;
				await eventually(async () => expect(await use(other, await ask(issuer))).toBe(200));
				const [here, there] = [await ask(issuer), await ask(issuer)];
				await send(`${issuer.origin}/api/revoke`, { headers: { authorization: "alice" } });
				await eventually(async () => {
					const query = new URLSearchParams({ eventName: "news", ticket: await ask(issuer) });
					await openStream(`${other.origin}/sse/event-stream?${query}`);
				});

				expect(await use(issuer, here)).toBe(401);
				expect(await use(other, there)).toBe(401);
			}
		}
	);
});
