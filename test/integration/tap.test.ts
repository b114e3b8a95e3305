import { EventEmitter } from "node:events";
import { describe, expect, it, jest } from "@jest/globals";
import type { ServiceBroker } from "moleculer";
import type { GatewayEvents } from "../../mixins/sse/inspection/events.ts";
import { askEvents } from "../../mixins/sse/inspection/questions.ts";
import { INSPECTION_VERBS } from "../../mixins/sse/inspection/repl.ts";
import { onInterrupt } from "../../mixins/sse/inspection/repl-interrupt.ts";
import { tapEvents } from "../../mixins/sse/inspection/repl-tap.ts";
import { Tap, type TapLook, type TappedEvent } from "../../mixins/sse/inspection/tap.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";

const NEWS = "news";
const toAll = (payload: unknown, eventName = NEWS) => ({ eventName, sessionId: "*", payload });

/** A tap that begins to look now. */
async function startTap(
	broker: ServiceBroker,
	filter: { event?: string; payload?: boolean } = {}
): Promise<{ next(count?: number): Promise<TappedEvent[]>; look(): Promise<TapLook> }> {
	const tap = new Tap(since => askEvents(broker, { ...filter, since }));
	const look = () => tap.look();
	await look();
	const next = async (count = 1): Promise<TappedEvent[]> => {
		const events: TappedEvent[] = [];
		await eventually(async () => {
			events.push(...(await look()).events);
			expect(events.length).toBeGreaterThanOrEqual(count);
		});
		return events;
	};
	return { next, look };
}

describe("a tap", () => {
	it("shows each event once, with its size, its streams and its gateways, and no payload", async () => {
		const namespace = crypto.randomUUID();
		const node = (nodeID: string) => new TestNode({ broker: memberOf(namespace, nodeID) });
		const gateways = ["gw-1", "gw-2"].map(nodeID => new TestGateway(node(nodeID)));
		const desk = node("desk");
		const brokers = [...gateways.map(({ broker }) => broker), desk.broker];
		await Promise.all(brokers.map(broker => broker.start()));
		await meet(...brokers);
		for (const gateway of gateways) await openStream(gateway.url(NEWS), { session: "a" });
		const tap = await startTap(desk.broker);

		await desk.send({ eventName: NEWS, sessionId: ["a", "b"], payload: "secret" });
		const [event, ...more] = await tap.next();
		expect(more).toEqual([]);
		expect(event).toEqual({
			id: expect.stringMatching(/^desk\./),
			event: NEWS,
			size: 8,
			recipients: 2,
			streams: 2,
			gateways: 2,
			age: expect.any(Number)
		});
		expect(await tap.look()).toEqual({ events: [], skipped: 0, blind: [], silent: [] });
		await desk.send(toAll(1));
		expect((await tap.next())[0]).toMatchObject({ recipients: null, streams: 2, gateways: 2 });
	});

	it("shows what nobody listens to as well, and only the name that was asked for", async () => {
		const gateway = await startGateway();
		const tap = await startTap(gateway.broker, { event: "chat" });
		await gateway.send(toAll(1));
		await gateway.send(toAll(2, "chat"));
		await gateway.send(toAll(3));
		const events = await tap.next();
		expect(events.map(({ event, streams }) => [event, streams])).toEqual([["chat", 0]]);
	});

	it("shows payloads if it is told to, and no more than their beginning", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url(NEWS), { session: "a" });
		const tap = await startTap(gateway.broker, { payload: true });
		await gateway.send(toAll({ ünï: "cøde" }));
		await stream.next(NEWS);
		expect((await tap.next())[0]?.payload).toBe('{"ünï":"cøde"}');
		await gateway.send(toAll("x".repeat(100_000)));
		const [large] = await tap.next();
		expect([large?.size, large?.payload?.length]).toEqual([100_002, 1024]);
	});

	it("shows so many a look, and says how many it does not show", async () => {
		const gateway = await startGateway();
		const tap = await startTap(gateway.broker);
		for (let n = 0; n < 80; n++) void gateway.send(toAll(n));
		let shown = 0;
		let skipped = 0;
		await eventually(async () => {
			const look = await tap.look();
			expect(look.events.length).toBeLessThanOrEqual(50);
			shown += look.events.length;
			skipped += look.skipped;
			expect(shown + skipped).toBe(80);
		});
		expect(skipped).toBeGreaterThan(0);
	});

	// Without a filter, reading it threw a TypeError.
	it.each([undefined, null, {}, { since: null }, { since: { any: "x" } }])(
		"tells another node its place, whatever that asks with: %j",
		async filter => {
			const { broker } = await startGateway();
			const question = { what: "events", filter };
			const ask = () => broker.call<GatewayEvents[], object>("$sse.report", question);
			const [answer] = await ask();
			expect(answer).toMatchObject({ next: expect.any(Number), skipped: 0, events: [] });
			const since = { [answer?.place as string]: "soon" };
			const report = { what: "events", filter: { since } };

			expect(await broker.call("$sse.report", report)).toEqual([answer]);
		}
	);

	it("names gateways that keep no history: what comes to them is not seen", async () => {
		const gateway = await startGateway({ sse: { history: null } });
		const tap = await startTap(gateway.broker);
		expect((await tap.look()).blind).toEqual(["node-1"]);
	});
});

describe("`sse tap`", () => {
	it("writes events until Ctrl-C, of which the REPL does not hear", async () => {
		const gateway = await startGateway();
		const told = jest.spyOn(console, "log").mockImplementation(() => {});
		const interrupted = jest.fn();
		const keyboard = new EventEmitter();
		const press = (name: string, ctrl: boolean) => {
			const key = { name, ctrl };
			keyboard.emit("keypress", "", key);
			if (key.ctrl && key.name === "c") interrupted();
		};
		try {
			const words = { words: ["news"], values: {}, flags: new Set(["payload"]) };
			const ended = tapEvents(gateway.broker, words, keyboard as never);
			await eventually(async () => {
				await gateway.send(toAll("<\u001b[2J>"));
				expect(told.mock.calls.join("\n")).toMatch(
					/node-1\.\S+ +news +\d+ B +to everyone, 0 streams on 1 gateway +"</
				);
			});
			expect(told.mock.calls.join()).not.toContain("\u001b");
			press("x", true);
			press("c", false);
			press("c", true);
			expect(await ended).toBe("Ended.");
			expect(interrupted).not.toHaveBeenCalled();
			press("c", true);
			expect(interrupted).toHaveBeenCalledTimes(1);
		} finally {
			told.mockRestore();
		}
	});

	it("ends when its node stops", async () => {
		const gateway = await startGateway();
		const told = jest.spyOn(console, "log").mockImplementation(() => {});
		try {
			const ended = INSPECTION_VERBS.tap?.run(gateway.broker, []);
			await gateway.broker.stop();
			await ended;
		} finally {
			told.mockRestore();
		}
	});

	// moleculer-repl before 0.7 leaves raw mode while a command runs: Ctrl-C sent SIGINT, and ended the node instead of the tap.
	it("takes over SIGINT on a terminal that is not in raw mode, and gives it back", () => {
		const others = process.rawListeners("SIGINT");
		const pressed = jest.fn();
		const forget = onInterrupt(
			Object.assign(new EventEmitter(), { isRaw: false }) as never,
			pressed
		);
		expect(process.rawListeners("SIGINT")).toEqual([pressed]);
		forget();
		expect(process.rawListeners("SIGINT")).toEqual(others);
	});

	it("leaves every other key alone", () => {
		const keyboard = new EventEmitter();
		const pressed = jest.fn();
		const forget = onInterrupt(keyboard as never, pressed);
		keyboard.emit("keypress", "a", undefined);
		keyboard.emit("keypress", "c", { name: "c" });
		keyboard.emit("keypress", "\u0004", { name: "d", ctrl: true });
		expect(pressed).not.toHaveBeenCalled();
		forget();
		expect(keyboard.listenerCount("keypress")).toBe(0);
	});
});
