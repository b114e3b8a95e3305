import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import type { Gateway } from "../../mixins/sse/gateway/gateway.ts";
import type { BufferPolicy } from "../../mixins/sse/index.ts";
import { leftOf, stops, WIRES, type Wire, type WireClient } from "../support/clients/wires.ts";
import { eventually } from "../support/eventually.ts";
import { FACTOR } from "../support/fuzz.ts";
import { TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { watchRejections } from "../support/rejections.ts";

/** Courses that are played at a time, on one gateway. */
const BATCH = 100;
/** A long run (FUZZ=20) plays 100,000. */
const COURSES = FACTOR === 1 ? 2000 : 5000 * FACTOR;

/** Milliseconds, on a busy machine. */
const PATIENCE = (FACTOR === 1 ? 3 : 90) * 60_000;

/** How long a gateway may take until nothing is left: a hundred connections have used it. */
const LEFT = { timeout: 30_000 };

const POLICIES: readonly BufferPolicy[] = ["disconnect", "dropOldest", "conflate"];
/** The time after which a stream settles, which may be later on a busy machine. */
const SETTLING = 10;
const LATEST = 120;
const CLOG = "x".repeat(500_000);

type Step =
	| {
			do: "open";
			streams: number;
			body: boolean;
			gzip: boolean;
			/** Where its client says that it was: at an event that it got, or at one that is still to be sent. */
			back: "event" | "later" | undefined;
			/** How many events are sent until then. */
			ahead: number;
			lives: number;
			/** Nothing else happens before something has arrived. */
			waits: boolean;
	  }
	| { do: "send"; bytes: number; times: number }
	| { do: "wait"; ms: number }
	| { do: "clog" | "revoke" | "resume" | "halfClose" | "reset" | "close" | "turn" };

const OPEN: fc.Arbitrary<Step> = fc.record({
	do: fc.constant("open"),
	streams: fc.constantFrom(1, 1, 1, 2, 4),
	body: fc.constantFrom(false, false, true),
	gzip: fc.boolean(),
	back: fc.constantFrom(undefined, "event", "later"),
	ahead: fc.constantFrom(20, 100, 300, 600),
	// 0: as long as the gateway's timeout
	lives: fc.constantFrom(0, 0, 0, 1, 12, 40),
	waits: fc.constantFrom(true, true, false)
});

const STEP: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 1, arbitrary: OPEN },
	{
		weight: 4,
		arbitrary: fc.record({
			do: fc.constant("send"),
			bytes: fc.constantFrom(1, 1, 300, 5000, 70_000),
			times: fc.integer({ min: 1, max: 4 })
		})
	},
	{
		weight: 4,
		arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(0, 1, 5, 10, 11, 30, 90) })
	},
	{ weight: 3, arbitrary: fc.record({ do: fc.constantFrom("revoke", "turn") }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant("clog") }) },
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constantFrom("resume", "halfClose", "reset", "close") })
	}
) as fc.Arbitrary<Step>;

/** What one client does, and what happens to its streams meanwhile. */
const COURSE: fc.Arbitrary<readonly Step[]> = fc
	.tuple(OPEN, fc.array(STEP, { maxLength: 10 }))
	.map(([open, steps]) => [open, ...steps]);

/** What differs from one gateway to the next. */
interface Kind {
	readonly policy: BufferPolicy;
	readonly compression: boolean;
	/** Nothing is written that would show that a client has left, and nothing ends by itself. */
	readonly quiet: boolean;
	/** Bytes that a stream may have unsent. */
	readonly maxBytes: number;
	/** Milliseconds after which a stream ends in order, whatever is unsent: most streams settle later than the short one. */
	readonly timeout: number;
}

/** A gateway with short-lived streams of every kind. */
async function startGateway(wire: Wire, { policy, compression, quiet, maxBytes, timeout }: Kind) {
	const setup = {
		broker: { logger: false },
		sse: {
			session: (_ctx: unknown, req: { headers: Record<string, unknown> }) => {
				const ids = [req.headers["x-session"] as string];
				const lives = Number(req.headers["x-lives"]);
				return lives > 0 ? { ids, expiresAt: Date.now() + lives } : ids;
			},
			timeout: quiet ? 0 : timeout,
			heartbeat: quiet ? 0 : 20,
			retry: null,
			drain: 60,
			buffer: { maxBytes, policy, stallTimeout: quiet ? 0 : 150 },
			limits: { streamsPerSession: 3, opensPerSecond: 0, streamsPerIp: 100_000 },
			compression: compression ? { threshold: 200 } : null
		},
		settings: wire.settings()
	};
	const gateway = new TestGateway(new TestNode(setup), setup);
	await gateway.broker.start();
	// gives the node's events ids that can be told in advance
	await gateway.send({ eventName: "a", sessionId: "nobody", payload: 1 });
	return { gateway, door: await wire.open(gateway.service) };
}

/** The id of an event that is still to be sent: a stream that comes back to it waits for it. */
function idOfLater({ service }: TestGateway, ahead: number): string {
	const { fanOut }: Gateway = Reflect.get(service, Symbol.for("moleculer-sse.gateway"));
	const [, life, seq] =
		/^([^~]+)\.(\d+)~/.exec(fanOut.history?.resumeToken(performance.now()) ?? "") ?? [];
	return `${life}.${Number(seq) + ahead}`;
}

/** Plays a course to its end; the client is gone then. */
async function play(
	course: readonly Step[],
	session: string,
	gateway: TestGateway,
	connect: () => WireClient
): Promise<void> {
	let client = connect();
	const headers = { "x-session": session };
	for (const step of course) {
		switch (step.do) {
			case "open": {
				const place = /^id: (.*)$/m.exec(client.text)?.[1] ?? "node-1.00000000.1";
				const lastEventId = step.back === "later" ? idOfLater(gateway, step.ahead) : place;
				const request = {
					path: `/sse/event-stream?eventName=a&eventName=${session}`,
					headers: {
						...headers,
						"x-lives": String(step.lives),
						...(step.gzip && { "accept-encoding": "gzip" }),
						...(step.back && { "last-event-id": lastEventId })
					},
					...(step.body && { body: "x".repeat(100_000) })
				};
				// on a connection of its own if the one before has streamed
				if (client.text !== "") {
					client.close();
					client = connect();
				}
				client.get(Array.from({ length: step.streams }, () => request));
				for (let n = 0; step.waits && client.text === "" && n < 50; n++) await sleep(1);
				break;
			}
			case "send": {
				const payload = "x".repeat(step.bytes);
				for (let n = 0; n < step.times; n++) {
					void gateway.broker.broadcast("sse.send", {
						eventName: "a",
						sessionId: session,
						payload
					});
				}
				break;
			}
			case "clog":
				client.pause();
				// more than the system's buffers take
				for (let n = 0; n < 8; n++) {
					void gateway.broker.broadcast("sse.send", {
						eventName: "a",
						sessionId: session,
						payload: CLOG
					});
				}
				break;
			case "revoke":
				void gateway.broker.broadcast("sse.close", { sessionId: session });
				break;
			case "wait":
				await sleep(step.ms);
				break;
			case "turn":
				await new Promise(resolve => setImmediate(resolve));
				break;
			default:
				client[step.do]();
		}
	}
	client.close();
}

// A response that had ended was taken apart when the stream settled, and Node ended the process. One that never had a socket
// was never seen to close, and counted for ever. A unix socket could not be reset, and threw.
it(
	"a stream ends once, whatever its connection is and whatever happens to it in whatever order, and leaves nothing",
	async () => {
		const rejections = watchRejections();
		const uncaught: unknown[] = [];
		const onUncaught = (error: unknown) => void uncaught.push(error);
		process.on("uncaughtException", onUncaught);
		onTestFinished(() => void process.off("uncaughtException", onUncaught));
		const { setTimeout: onTime } = globalThis;
		const late = jest
			.spyOn(globalThis, "setTimeout")
			.mockImplementation(((callback: () => void, ms: number, ...args: []) =>
				onTime(
					callback,
					ms === SETTLING ? Math.random() * LATEST : ms,
					...args
				)) as typeof setTimeout);
		onTestFinished(() => late.mockRestore());

		for (let batch = 0; batch < COURSES / BATCH; batch++) {
			const wire = WIRES[batch % WIRES.length] as Wire;
			const policy = POLICIES[Math.floor(batch / WIRES.length) % POLICIES.length] as BufferPolicy;
			const kind: Kind = {
				policy,
				compression: Math.random() < 0.5,
				quiet: batch % 4 === 3,
				maxBytes: Math.random() < 0.5 ? 16_384 : 2 ** 24,
				timeout: Math.random() < 0.5 ? 60 : 25
			};
			const { gateway, door } = await startGateway(wire, kind);
			const seed = Math.floor(Math.random() * 2 ** 31);
			const courses = fc.sample(COURSE, { numRuns: BATCH, seed });
			const clients: WireClient[] = [];
			const connect = () => {
				const client = door.connect();
				clients.push(client);
				return client;
			};
			const played = Promise.all(
				courses.map((course, n) => play(course, `s${n}`, gateway, connect))
			);
			const where = `${wire.name}, ${JSON.stringify(kind)}, seed ${seed}`;
			const nothingIsLeft = () =>
				expect({ where, left: leftOf(gateway.service) }).toEqual({ where, left: NOTHING });
			// now and then in the middle of them
			if (batch % 3 === 0) await sleep(Math.random() * 60);
			else {
				await played;
				await eventually(nothingIsLeft, LEFT);
			}
			const stopped = await stops(gateway.broker, 5000);
			expect({ where, stopped }).toEqual({ where, stopped: true });
			await played;
			for (const client of clients) client.close();
			await eventually(nothingIsLeft, LEFT);
			door.server.close();
			expect({ where, uncaught, rejections: await rejections() }).toEqual({
				where,
				uncaught: [],
				rejections: []
			});
		}
	},
	PATIENCE
);

const NOTHING = { streams: 0, sessions: 0, names: 0, unclosed: 0, limits: 0 };
