import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { requestStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { FACTOR } from "../support/fuzz.ts";
import { startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { watchRejections } from "../support/rejections.ts";

const USERS = 2000;
const TENANTS = 40;
const NAMES = ["a", "b", "c", "d", "e"];
/** Most streams that are open at a time. */
const MOST = 600;
const STEPS = 6000;

/** What an event says of itself, to be compared with the stream that got it. */
interface Marked {
	n: number;
	to: string | readonly string[];
	name: string;
}

interface Member {
	readonly user: number;
	readonly ids: readonly string[];
	readonly names: readonly string[];
	readonly client: StreamClient;
}

/** A time in which a user is banned, in numbers of events. */
interface Ban {
	/** The last event that was sent before both gateways knew of the revocation. */
	readonly known: number;
	/** The last event that was sent before the user was let in again. */
	until: number;
}

const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T;

/** The application: whose tenant each user is, and who is banned. */
class Application {
	readonly tenantOf: number[] = Array.from({ length: USERS }, (_, user) => user % TENANTS);
	/** By user: the last event that was sent before the ban. */
	readonly banned = new Map<number, number>();
	/** By user, in order. */
	readonly bans = new Map<number, Ban[]>();
	sent = 0;

	idsOf(user: number): string[] {
		return [`user:${user}`, `tenant:${this.tenantOf[user]}`];
	}
}

describe("two gateways with thousands of sessions that come, go, and are revoked", () => {
	it("give no stream a byte that its ids and names do not entitle it to", async () => {
		const rejections = watchRejections();
		const app = new Application();
		const namespace = crypto.randomUUID();
		const gateways = (await Promise.all(
			["g1", "g2"].map(nodeID =>
				startGateway({
					broker: { ...memberOf(namespace, nodeID), logger: false },
					sse: {
						limits: { opensPerSecond: 0 },
						session: (_ctx, req) => app.idsOf(Number(req.headers["x-user"])),
						authorize: async (_ctx, { req }) => {
							// an answer takes time, and is an old one by then
							const isAllowed = !app.banned.has(Number(req.headers["x-user"]));
							await sleep(Math.random() * 5);
							return isAllowed;
						}
					}
				})
			)
		)) as [TestGateway, TestGateway];
		await meet(...gateways.map(({ broker }) => broker));

		const members = new Set<Member>();
		const gone: Member[] = [];
		/** Users who came lately: some of them are still being judged. */
		const opening: number[] = [];
		const places = new Map<number, string>();
		/** Of any user. */
		const ids: string[] = [];
		const leave = (member: Member) => {
			const own = member.client.events.flatMap(({ id }) => id ?? []);
			const place = own.at(-1);
			if (place) places.set(member.user, place);
			ids.push(...own.slice(-3));
			ids.splice(0, ids.length - 100);
			member.client.close();
			members.delete(member);
			gone.push(member);
		};

		/** Users who have just been let in again. */
		const returning: number[] = [];
		const open = async () => {
			const user = returning.pop() ?? Math.floor(Math.random() * USERS);
			const names = [...new Set([pick(NAMES), pick(NAMES)])];
			const place = placeOf(places.get(user), ids);
			opening.push(user);
			const client = await requestStream(pick(gateways).at("/sse/event-stream", ...names), {
				headers: { "x-user": user, ...(place && { "last-event-id": place }) }
			});
			if (client.status !== 200) {
				// some were let in again while it was being refused
				expect(client.status).toBe(403);
				return;
			}
			members.add({ user, names, client, ids: app.idsOf(user) });
		};
		const send = async () => {
			const user = Math.floor(Math.random() * USERS);
			const kind = Math.random();
			const [own = "", tenant = ""] = app.idsOf(user);
			const other = `user:${(user * 7 + 1) % USERS}`;
			const to = kind < 0.4 ? own : kind < 0.6 ? tenant : kind < 0.9 ? [own, other] : "*";
			const name = pick(NAMES);
			const payload: Marked = { n: ++app.sent, to, name };
			await pick(gateways).send({ eventName: name, sessionId: to, payload });
		};
		const revoke = async () => {
			const user = Math.random() < 0.7 ? opening.at(-1) : pick([...members])?.user;
			// its request is under way, or is being judged
			await sleep(Math.random() * 8);
			if (user === undefined || app.banned.has(user)) return;
			app.banned.set(user, app.sent);
			// with the tenant, everybody else of it may be let in at once, and the user only when it is pardoned
			const sessionId = pick(app.idsOf(user));
			await pick(gateways).broker.broadcast("sse.close", { sessionId });
			await sleep(50);
			const ban = { known: app.sent, until: Number.POSITIVE_INFINITY };
			app.bans.set(user, [...(app.bans.get(user) ?? []), ban]);
		};
		const pardon = async () => {
			const [user] = app.banned.keys();
			if (user === undefined || app.banned.size < 20) return;
			// both gateways know
			const ban = app.bans.get(user)?.at(-1);
			if (ban?.until !== Number.POSITIVE_INFINITY) return;
			// what it held until now is judged before it may get more
			await settle(user);
			ban.until = app.sent;
			// and what was sent until now has arrived
			await sleep(50);
			app.banned.delete(user);
			opening.push(user);
			returning.push(user);
		};
		const settle = async (user: number) => {
			const ban = app.banned.get(user) as number;
			for (const member of [...members].filter(other => other.user === user)) {
				// it was open when its user was banned: it ends, and contains nothing that was sent since
				await eventually(async () =>
					expect(await Promise.race([member.client.end, sleep(0)])).toBeDefined()
				);
				for (const event of marked(member)) expect(event.n).toBeLessThanOrEqual(ban);
				leave(member);
			}
		};

		const count = STEPS * FACTOR;
		let pending: Promise<void>[] = [];
		let told = 0;
		for (let step = 0; step < count; step++) {
			const chance = Math.random();
			if (chance < 0.3 || members.size < 20) pending.push(open());
			else if (chance < 0.75) pending.push(send());
			else if (chance < 0.95) {
				if (members.size > MOST || chance < 0.85) leave(pick([...members]));
			} else if (chance < 0.98) pending.push(revoke());
			else pending.push(pardon());
			if (pending.length < 20) continue;
			await Promise.all(pending);
			pending = [];
			while (members.size > MOST) leave(pick([...members]));
			if (gone.length <= 500) continue;
			told += gone.filter(isTold).length;
			for (const member of gone.splice(0)) judge(member, app);
		}
		await Promise.all(pending);
		await sleep(200);
		for (const user of [...app.banned.keys()]) await settle(user);
		const all = [...gone, ...members];
		const got = all.map(member => judge(member, app));
		told += all.filter(isTold).length;

		expect(got.reduce((a, b) => a + b, 0)).toBeGreaterThan(100);
		expect(told).toBeGreaterThan(0);
		for (const member of members) member.client.close();
		await eventually(() => {
			for (const gateway of gateways) expect(gateway.held.unclosed).toBe(0);
		});
		expect(await rejections()).toEqual([]);
	});
});

/** What a client names as its place: its own, or one made from what it or another client has got. */
function placeOf(own: string | undefined, ids: readonly string[]): string | undefined {
	const chance = Math.random();
	if (own === undefined || chance < 0.2) return undefined;
	if (chance < 0.5) return own;
	const further = (_: string, n: string) => `~${Number(n) + Math.floor(Math.random() * 20)}`;
	const any = pick([own, ...ids]);
	if (chance < 0.65) return any;
	if (chance < 0.8) return any.replace(/~(\d+)(~s)?$/, further);
	// as a settled place of another gateway: without reaching back
	return `${any.replace(/~.*$/, "")}~elsewhere.life~1~s`;
}

function isTold({ client }: Member): boolean {
	return client
		.received("sse.reset")
		.some(data => (data as { reason: string }).reason === "revoked");
}

/** The events proper that a stream has got. */
function marked({ client }: Member): Marked[] {
	return client.events
		.filter(({ event }) => !event?.startsWith("sse."))
		.map(({ data }) => JSON.parse(data) as Marked);
}

/** Every event of a stream is its own; returns how many there are. */
function judge(member: Member, app: Application): number {
	const { ids, names, client, user } = member;
	for (const { event } of client.events) {
		expect(event?.startsWith("sse.") || names.includes(event ?? "")).toBe(true);
	}
	const events = marked(member);
	// whatever place it has named
	for (const { known, until } of app.bans.get(user) ?? []) {
		expect(events.filter(({ n }) => n > known && n <= until)).toEqual([]);
	}
	for (const { to, name } of events) {
		const addressed = typeof to === "string" ? [to] : to;
		expect(names).toContain(name);
		expect(addressed.includes("*") || addressed.some(id => ids.includes(id))).toBe(true);
	}
	return events.length;
}
