import { describe, expect, it } from "@jest/globals";
import { send as request } from "../support/clients/request.ts";
import { openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { give as giveEvent } from "../support/gateway/give.ts";
import { HandBus } from "../support/gateway/hand-bus.ts";

const NEWS = "news";
const SECRET = "sent while it was revoked";

interface Opening {
	session?: string;
	names?: string[];
	place?: string | undefined;
}

function open(
	gateway: TestGateway,
	{ session = "A", names = [NEWS], place }: Opening = {}
): Promise<StreamClient> {
	const headers = place === undefined ? {} : { "Last-Event-ID": place };
	return openStream(gateway.url(...names), { session, headers });
}

const send = (gateway: TestGateway, sessionId: string | string[], payload: unknown, name = NEWS) =>
	gateway.send({ eventName: name, sessionId, payload });
const revoke = (gateway: TestGateway, sessionId: string | string[], eventName?: string) =>
	gateway.broker.broadcast("sse.close", {
		sessionId,
		...(eventName === undefined ? {} : { eventName })
	});
const placeOf = ({ events }: StreamClient) => events.findLast(({ id }) => id)?.id as string;
const countedUp = (place: string, by = 1) =>
	place.replace(/~(\d+)(~s)?$/, (_, position) => `~${Number(position) + by}`);

/** What a stream was told at its start, and that it has got nothing that is not for it. */
function beginning(stream: StreamClient): unknown {
	expect(stream.text).not.toContain(SECRET);
	const [opened] = stream.received("sse.open") as { resumed: boolean }[];
	const [reset] = stream.received("sse.reset") as { reason: string }[];
	return opened?.resumed ? "resumed" : reset?.reason;
}

/** Waits until a stream has got what was sent before, by sending one more. */
async function settle(gateway: TestGateway, stream: StreamClient): Promise<unknown[]> {
	const last = crypto.randomUUID();
	await send(gateway, "A", last);
	await stream.until(() => stream.received(NEWS).includes(last), "the last event");
	expect(stream.text).not.toContain(SECRET);
	return stream.received(NEWS).slice(0, -1);
}

describe("what was sent to a session while it was revoked", () => {
	// Whether a client came from before its revocation was judged by the place that it named itself. It could count that up, or
	// take one from a stream of another session of its own, and got what was not for it.
	it.each<[how: string, place: (own: string, guest: StreamClient) => string]>([
		["its own place", own => own],
		["its own place, counted up", own => countedUp(own)],
		["its own place, counted up further", own => countedUp(own, 2)],
		["a place that another stream got meanwhile", (_, guest) => placeOf(guest)],
		["an event that another stream got meanwhile", (_, { events }) => lastNews(events)],
		["that event, as a place of another gateway", (_, { events }) => `${lastNews(events)}~gw.1~9`],
		["that event, as a settled place", (_, { events }) => `${lastNews(events)}~gw.1~9~s`],
		["its own event, counted up", own => `${own.replace(/1~.*$/, "2")}~gw.1~0~s`],
		["an event that may still come", own => `${own.replace(/1~.*$/, "99")}~gw.1~0~s`],
		["what is no place at all", () => "forged"]
	])("is not replayed to it when it is let in again, whatever it names: %s", async (_, forge) => {
		const gateway = await startGateway({ sse: { heartbeat: 30 } });
		const alice = await open(gateway);
		const guest = await open(gateway, { session: "guest" });
		await send(gateway, "*", "before");
		await alice.next("sse.heartbeat", 2);
		await revoke(gateway, "A");
		await alice.end;
		await send(gateway, "*", "for everyone else");
		await guest.next(NEWS, 2);
		const seen = guest.events.length;
		await guest.until(() => guest.events.length > seen, "a heartbeat");
		const place = forge(placeOf(alice), guest);
		await send(gateway, "A", SECRET);

		const back = await open(gateway, { place });
		await back.next("sse.reset");
		expect(beginning(back)).toBe("revoked");
		// nor when it has been let in
		const again = await open(gateway, { place });
		await again.next("sse.reset");
		expect(beginning(again)).not.toBe("resumed");
		expect(await settle(gateway, back)).toEqual([]);
		expect(await settle(gateway, again)).toHaveLength(1);
	});

	it("is reported at once, even if it names an event that may still arrive", async () => {
		const gateway = await startGateway({ middleware: false });
		const give = (seq: number, payload: unknown) =>
			giveEvent(gateway, { eventName: NEWS, sessionId: "A", payload, id: `n.e.${seq}` });
		give(1, "before");
		await revoke(gateway, "A");
		const back = await open(gateway, { place: "n.e.3" });
		expect(beginning(back)).toBe("revoked");
		give(2, "again");
		give(3, "and again");
		await back.next(NEWS, 2);
		expect(back.received(NEWS)).toEqual(["again", "and again"]);
	});

	it.each<[of: string, whom: string | string[], name?: string]>([
		["one of its ids", "tenant"],
		[
			"thousands, it among them",
			Array.from({ length: 9000 }, (_, n) => (n === 7000 ? "A" : `s-${n}`))
		],
		["more than can be remembered", ["A", ...Array.from({ length: 60_000 }, (_, n) => `s-${n}`)]],
		["everyone", "*"],
		["one of its event names", "A", NEWS],
		["one event name of everyone", "*", NEWS]
	])("is not replayed to it either if it was revoked with %s", async (_, whom, name) => {
		const gateway = await startGateway({
			sse: { session: (_ctx, { headers }) => [headers["x-user"] as string, "tenant"] }
		});
		const openAs = (user: string, place?: string) =>
			openStream(gateway.url("orders", NEWS), {
				headers: { "x-user": user, ...(place && { "Last-Event-ID": place }) }
			});
		const alice = await openAs("A");
		await revoke(gateway, whom, name);
		await alice.end;
		const forged = countedUp(placeOf(alice));
		await send(gateway, ["A", "tenant"], SECRET);

		const back = await openAs("A", forged);
		await back.next("sse.reset");
		expect(["revoked", "expired"]).toContain(beginning(back));
		const place = placeOf(back);
		back.close();
		await send(gateway, "A", "missed");
		const last = await openAs("A", place);
		expect(beginning(last)).toBe("resumed");
		expect(await settle(gateway, last)).toEqual(["missed"]);
	});

	it("is not replayed to another stream of it, which comes when it has been let in", async () => {
		const gateway = await startGateway();
		const tabs = [await open(gateway), await open(gateway)];
		await revoke(gateway, "A");
		await send(gateway, "A", SECRET);
		for (const tab of tabs) {
			const back = await open(gateway, { place: placeOf(tab) });
			await back.next("sse.reset");
			expect(beginning(back)).toBe("revoked");
			const forged = await open(gateway, { place: countedUp(placeOf(tab)) });
			expect(beginning(forged)).toBe("revoked");
		}
	});

	it("is not replayed for a name to which it has not been let in yet", async () => {
		const gateway = await startGateway();
		await revoke(gateway, "A");
		const first = await open(gateway, { names: ["orders"] });
		await send(gateway, "A", SECRET);
		const both = await open(gateway, { names: ["orders", NEWS], place: placeOf(first) });
		await both.next("sse.reset");
		expect(beginning(both)).toBe("revoked");
		const orders = await open(gateway, { names: ["orders"], place: placeOf(first) });
		expect(beginning(orders)).toBe("resumed");
	});

	it("is not replayed by a replay that was under way when it was revoked", async () => {
		const gateway = await startGateway({ sse: { buffer: { maxBytes: 65_536 } } });
		const start = placeOf(await open(gateway));
		const payload = "x".repeat(10_000);
		for (let n = 0; n < 1000; n++) await send(gateway, "A", payload);
		const slow = await open(gateway, { place: start });
		expect(beginning(slow)).toBe("resumed");
		slow.stall();
		const { streams } = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway"));
		await eventually(() => expect([...streams].some(({ isBehind }) => isBehind)).toBe(true));
		await revoke(gateway, "A");
		await send(gateway, "A", SECRET);
		slow.resume();
		expect(await slow.end).toBe("broken");
		expect(slow.text).not.toContain(SECRET);

		const back = await open(gateway, { place: placeOf(slow) });
		await back.next("sse.reset");
		expect(beginning(back)).toBe("revoked");
	});

	it("is not replayed to a stream that waits for its event and is revoked meanwhile", async () => {
		const gateway = await startGateway({ middleware: false });
		const give = (seq: number, payload: unknown) =>
			giveEvent(gateway, { eventName: NEWS, sessionId: "A", payload, id: `n.e.${seq}` });
		give(1, "before");
		const waiting = open(gateway, { place: "n.e.2~gw.1~0~s" });
		await eventually(() => expect(gateway.held.streams).toBe(1));
		await revoke(gateway, "A");
		give(2, "for nobody");
		give(3, SECRET);
		const stream = await waiting;
		expect(await stream.end).toBe("ended");
		expect(stream.text).not.toContain(SECRET);
		expect(stream.received("sse.close")).toEqual([{ reason: "revoked" }]);
	});
});

describe("a group whose members are let in one after another", () => {
	// Whoever came back first let the whole group in: another member, who was still out, could come later, count its own place up
	// by one, and was replayed what the group had got meanwhile.
	it.each<[of: string, whom: string | string[], name?: string]>([
		["the group", "tenant"],
		["the group, among others", ["other", "tenant"]],
		["one event name of the group", "tenant", NEWS],
		["everyone", "*"],
		["one event name of everyone", "*", NEWS]
	])(
		"replays to none of them what was sent while it was out itself: revoked was %s",
		async (_, whom, name) => {
			const out = new Set<string>();
			const gateway = await startGateway({
				sse: {
					session: (_ctx, { headers }) => {
						const user = headers["x-user"] as string;
						return out.has(user) ? null : [user, "tenant"];
					}
				}
			});
			const openAs = (user: string, place?: string) =>
				openStream(gateway.url(NEWS), {
					headers: { "x-user": user, ...(place && { "Last-Event-ID": place }) }
				});
			const [alice, bob] = [await openAs("A"), await openAs("B")];
			out.add("A");
			await revoke(gateway, whom, name);
			await Promise.all([alice.end, bob.end]);
			const refused = await request(gateway.url(NEWS), { headers: { "x-user": "A" } });
			expect(refused.status).toBe(401);
			const back = await openAs("B", placeOf(bob));
			expect(beginning(back)).toBe("revoked");
			const placeIn = placeOf(back);
			await send(gateway, "tenant", "for who is in");
			await back.next(NEWS);
			out.delete("A");

			for (const place of [placeOf(back), ...[0, 1].map(by => countedUp(placeOf(alice), by))]) {
				const late = await openAs("A", place);
				await late.next("sse.reset");
				expect([late.received("sse.open"), late.text]).toEqual([
					[expect.objectContaining({ resumed: false })],
					expect.not.stringContaining("for who is in")
				]);
				expect(late.received("sse.reset")).toEqual([{ reason: "revoked" }]);
				late.close();
			}
			// who was in gets it again
			const again = await openAs("B", placeIn);
			expect(beginning(again)).toBe("resumed");
			await again.next(NEWS);
			// and both go on from where they were let in
			for (const user of ["A", "B"]) {
				const first = await openAs(user);
				first.close();
				await send(gateway, "tenant", "missed");
				const next = await openAs(user, placeOf(first));
				expect(beginning(next)).toBe("resumed");
				await next.next(NEWS);
				expect(next.received(NEWS)).toEqual(["missed"]);
			}
		}
	);
});

describe("a session that was let in again", () => {
	it("continues when it is cut off later, with what it missed", async () => {
		const gateway = await startGateway({ sse: { heartbeat: 30 } });
		const alice = await open(gateway);
		await revoke(gateway, "A");
		await send(gateway, "A", SECRET);
		const back = await open(gateway, { place: placeOf(alice) });
		expect(beginning(back)).toBe("revoked");
		await send(gateway, "A", "live");
		await back.next(NEWS);
		const seen = back.events.length;
		await back.until(() => back.events.length > seen, "a heartbeat");
		back.close();
		await send(gateway, "A", "missed");

		for (let round = 0; round < 3; round++) {
			const again = await open(gateway, { place: placeOf(back) });
			expect(beginning(again)).toBe("resumed");
			await again.next(NEWS);
			expect(again.received(NEWS)).toEqual(["missed"]);
			again.close();
		}
	});

	it("continues even if it first came without a place", async () => {
		const gateway = await startGateway();
		await revoke(gateway, "A");
		const first = await open(gateway);
		first.close();
		await send(gateway, "A", "missed");
		const back = await open(gateway, { place: placeOf(first) });
		expect(beginning(back)).toBe("resumed");
		expect(await settle(gateway, back)).toEqual(["missed"]);
	});
});

describe("a session that was never revoked", () => {
	it("continues with what it missed, while others are revoked and let in again", async () => {
		const gateway = await startGateway();
		const first = await open(gateway);
		first.close();
		for (const whom of ["B", ["C", "D"]]) {
			await revoke(gateway, whom);
			await send(gateway, ["A", "B"], "missed");
			await open(gateway, { session: "B" });
		}
		await revoke(gateway, "*", "orders");
		const back = await open(gateway, { place: placeOf(first) });
		expect(beginning(back)).toBe("resumed");
		expect(await settle(gateway, back)).toEqual(["missed", "missed"]);
	});
});

describe("a gateway that reads the past again", () => {
	// What it then reads has later positions than a stream that opened meanwhile, and was sent before.
	it("does not take what it reads for sent after a session was let in", async () => {
		const { bus, gateway } = await HandBus.start();
		bus.subscriber.missed();
		await revoke(gateway, "A");
		const first = await open(gateway);
		bus.give(NEWS, 1);
		await first.next(NEWS);
		first.close();
		expect(beginning(await open(gateway, { place: "1-50" }))).toBe("resumed");

		bus.subscriber.begin();
		bus.give(NEWS, 1, Date.now());
		const early = await open(gateway);
		bus.give(NEWS, 2, Date.now());
		for (const place of ["1-50", placeOf(early)]) {
			expect(beginning(await open(gateway, { place }))).toBe("revoked");
		}
		bus.give(NEWS, 3, Date.now());
		expect(beginning(await open(gateway, { place: "2-50" }))).toBe("revoked");
		bus.subscriber.missed();
		await early.next("sse.reset");
		const place = placeOf(early);
		early.close();
		bus.give(NEWS, 4);

		// all of it was read while that stream was open
		const back = await open(gateway, { place });
		expect(beginning(back)).toBe("resumed");
		await back.next(NEWS);
		expect(back.received(NEWS)).toEqual([4]);
		expect(beginning(await open(gateway, { place: "2-50" }))).toBe("revoked");
	});
});

function lastNews(events: StreamClient["events"]): string {
	return events.findLast(({ event }) => event === NEWS)?.id as string;
}
