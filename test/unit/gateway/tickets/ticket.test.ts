import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Clock, TOLERANCE } from "../../../../mixins/sse/core/util/clock.ts";
import { Tickets } from "../../../../mixins/sse/gateway/tickets/ticket.ts";

const EXPIRES_IN = 30_000;
const HOUR = 3_600_000;
/** Milliseconds after which a gateway has existed for longer than any ticket that is still valid. */
const LONG = 120_000;

const alice = { ids: ["alice"], expiresAt: Number.POSITIVE_INFINITY };

const of = (sessionId: string, eventName?: string) => ({ sessionId, eventName, reason: "revoked" });

/** The real time, and gateways whose clocks show another. */
class World {
	now = 0;
	readonly gateways: TestTickets[] = [];
	#revocations = 0;

	/** @param skew Milliseconds by which the wall clock is fast. */
	gateway(skew = 0, expiresIn = EXPIRES_IN, namespace = ""): TestTickets {
		const gateway = new TestTickets(this, skew, expiresIn, namespace);
		this.gateways.push(gateway);
		return gateway;
	}

	/** Revokes a session on all gateways, or on some. */
	revoke(sessionId: string, gateways: readonly TestTickets[] = this.gateways): string {
		const id = `node.e.${++this.#revocations}`;
		for (const { tickets } of gateways) tickets.revoke(of(sessionId), id);
		return id;
	}
}

/** The tickets of one gateway, with clocks of its own. */
class TestTickets {
	readonly tickets: Tickets;
	/** By how much each ticket was too early. */
	readonly ahead: number[] = [];
	skew: number;

	constructor(world: World, skew: number, expiresIn: number, namespace: string) {
		this.skew = skew;
		const booted = world.now - 1000 * world.gateways.length;
		this.tickets = new Tickets(
			{ secret: "a secret of these tests, of at least 32 bytes", expiresIn },
			{
				namespace,
				clock: new Clock(
					() => 1_700_000_000_000 + world.now + this.skew,
					() => world.now - booted
				),
				lives: () => world.gateways.map(({ tickets }) => tickets.life),
				onAhead: milliseconds => this.ahead.push(Math.round(milliseconds))
			}
		);
	}

	async issue(eventNames = ["news"], session = alice): Promise<string> {
		return (await this.tickets.issue(session, eventNames)).ticket;
	}

	/** Whether a ticket would open a stream here. */
	async takes(ticket: string, ...eventNames: string[]): Promise<boolean> {
		const names = eventNames.length > 0 ? eventNames : ["news"];
		return (await this.tickets.read(ticket, names)) !== undefined;
	}
}

// By the issuer's clock alone, a stream seemed to have been proven after a revocation that came after its ticket.
describe("when a ticket was issued", () => {
	it.each([-HOUR, TOLERANCE / 2])(
		"is known for the gateway's own, even if the clock is set by %i",
		async by => {
			const world = new World();
			const gateway = world.gateway();
			world.now = LONG;
			const ticket = await gateway.issue();
			world.now += 5000;
			gateway.skew += by;
			const read = await gateway.tickets.read(ticket, ["news"]);
			expect(read && gateway.tickets.givenAt(read)).toBe(LONG);
		}
	);

	it.each([-TOLERANCE + 1, 0, TOLERANCE - 1])(
		"is never taken to be later than it was, even if its issuer's clock is fast by %i",
		async skew => {
			const world = new World();
			const issuer = world.gateway(skew);
			const gateway = world.gateway();
			world.now = LONG;
			const ticket = await issuer.issue();
			world.now += 5000;
			const read = await gateway.tickets.read(ticket, ["news"]);
			// this gateway's steady clock is a second ahead of the world's
			const givenAt = (read && gateway.tickets.givenAt(read)) ?? Number.NaN;
			expect(givenAt - 1000).toBeLessThanOrEqual(LONG);
			expect(givenAt - 1000).toBeGreaterThanOrEqual(LONG - 2 * TOLERANCE);
		}
	);
});

describe("a ticket of the gateway's own", () => {
	it.each([-HOUR, TOLERANCE / 2])(
		"lives as long as it should, even if the clock is set by %i",
		async by => {
			const world = new World();
			const gateway = world.gateway();
			const ticket = await gateway.issue();
			gateway.skew += by;
			world.now += EXPIRES_IN - 1;
			expect(await gateway.takes(ticket)).toBe(true);
			world.now += 1;

			expect(await gateway.takes(ticket)).toBe(false);
			expect(gateway.ahead).toEqual([]);
		}
	);

	it("is valid after a revocation in the same millisecond, and not before one", async () => {
		const gateway = new World().gateway();
		const before = await gateway.issue();
		gateway.tickets.revoke(of("alice"), "node.e.1");
		gateway.tickets.revoke(of("alice"), undefined);
		const after = await gateway.issue();

		expect([await gateway.takes(before), await gateway.takes(after)]).toEqual([false, true]);
	});

	it("comes before a revocation that is heard while it is signed", async () => {
		const gateway = new World().gateway();
		const signing = gateway.issue();
		gateway.tickets.revoke(of("alice"), "node.e.1");

		expect(await gateway.takes(await signing)).toBe(false);
	});

	it("is no longer valid when the gateway starts to listen again: what happened meanwhile is unknown", async () => {
		const gateway = new World().gateway();
		const ticket = await gateway.issue();
		gateway.tickets.begin();

		expect(await gateway.takes(ticket)).toBe(false);
		expect(await gateway.takes(await gateway.issue())).toBe(true);
	});
});

// A ticket for half a minute was valid on the next morning: the steady clock stands still while a machine is suspended.
describe("a ticket of a gateway whose machine was suspended", () => {
	it("is not valid after its time, by the wall clock and its tolerance", async () => {
		const world = new World();
		const gateway = world.gateway();
		const ticket = await gateway.issue();
		gateway.skew += EXPIRES_IN + TOLERANCE - 1;
		expect(await gateway.takes(ticket)).toBe(true);
		gateway.skew += 1;

		expect(await gateway.takes(ticket)).toBe(false);
		expect(await gateway.takes(await gateway.issue())).toBe(true);
	});
});

// Gateways of two namespaces with one secret accepted each other's tickets, and heard neither of their use nor of revocations.
it("a ticket is valid in the namespace in which it was issued, and in no other", async () => {
	const world = new World();
	for (const mine of ["", "green", "blue"]) {
		const here = world.gateway(0, EXPIRES_IN, mine);
		const others = ["", "green", "blue"].map(name => [name, world.gateway(0, EXPIRES_IN, name)]);
		world.now += LONG;
		const ticket = await here.issue();
		for (const [name, there] of others as [string, TestTickets][]) {
			expect(await there.takes(ticket)).toBe(name === mine);
		}
	}
});

describe("another gateway's ticket", () => {
	const APART = [0, 5000, -5000, TOLERANCE, -TOLERANCE];

	it.each(APART)("is valid for all its time, with clocks that are %i ms apart", async apart => {
		const world = new World();
		const [here, there] = [world.gateway(), world.gateway(apart)];
		world.now += LONG;
		const ticket = await here.issue();
		expect(await there.takes(ticket)).toBe(true);
		world.now += EXPIRES_IN - 1;
		expect(await there.takes(ticket)).toBe(true);
		world.now += 2 * TOLERANCE + 1;

		expect(await there.takes(ticket)).toBe(false);
		expect(there.ahead).toEqual([]);
	});

	it("is refused from further in the future than clocks may differ, which is reported", async () => {
		const world = new World();
		const [here, there] = [world.gateway(60_000), world.gateway()];
		world.now += LONG;

		expect(await there.takes(await here.issue())).toBe(false);
		expect(there.ahead).toEqual([60_000]);
	});

	// Times of two clocks were compared to the millisecond: a gateway whose clock was five seconds slow accepted a ticket whose
	// session had been revoked a second after it was issued.
	it.each(APART)(
		"is not valid after a revocation, and a new one is valid at once, %i ms apart",
		async apart => {
			const world = new World();
			const [here, there] = [world.gateway(), world.gateway(apart)];
			world.now += LONG;
			const before = await here.issue();
			world.now += 1000;
			world.revoke("alice");
			const after = await here.issue();

			for (const gateway of [here, there]) {
				expect(await gateway.takes(before)).toBe(false);
				expect(await gateway.takes(after)).toBe(true);
			}
			world.now += EXPIRES_IN - 1;
			expect([await there.takes(before), await there.takes(after)]).toEqual([false, true]);
			for (let n = 0; n < 60; n++) {
				world.now += 1000;
				expect(await there.takes(before)).toBe(false);
			}
		}
	);

	it("is valid for names that were not revoked", async () => {
		const world = new World();
		const [here, there] = [world.gateway(), world.gateway()];
		const ticket = await here.issue(["news", "orders"]);
		there.tickets.revoke(of("alice", "orders"), "node.e.1");

		expect(await there.takes(ticket, "news", "orders")).toBe(false);
		expect(await there.takes(ticket, "orders")).toBe(false);
		expect(await there.takes(ticket, "news")).toBe(true);
	});

	it("is not valid if only this gateway had heard of the revocation when it was issued", async () => {
		const world = new World();
		const [here, there] = [world.gateway(), world.gateway()];
		world.revoke("alice", [there]);
		const ticket = await here.issue();

		expect(await there.takes(ticket)).toBe(false);
		// nor here, when the news has arrived
		world.revoke("alice", [here]);
		expect(await here.takes(ticket)).toBe(false);
	});

	it("is valid even if its gateway has forgotten a revocation that arrived here a minute late", async () => {
		const world = new World();
		const [here, there] = [world.gateway(), world.gateway()];
		world.now += LONG;
		here.tickets.revoke(of("alice"), "node.e.1");
		world.now += 60_000;
		there.tickets.revoke(of("alice"), "node.e.1");
		world.now += EXPIRES_IN + 3 * TOLERANCE + 1;
		here.tickets.revoke(of("bob"), "node.e.2");

		expect(await there.takes(await here.issue())).toBe(true);
	});

	it.each(APART)(
		"is, by the clocks, after a revocation without an id if it is later by more than they differ: %i",
		async apart => {
			const world = new World();
			const [here, there] = [world.gateway(), world.gateway(apart)];
			world.now += LONG;
			const before = await here.issue();
			for (const { tickets } of world.gateways) tickets.revoke(of("alice"), undefined);
			expect(await here.takes(await here.issue())).toBe(true);
			world.now += 2 * TOLERANCE + 1;
			const after = await here.issue();

			expect([await there.takes(before), await there.takes(after)]).toEqual([false, true]);
		}
	);

	it("that is used is remembered for as long as it could be valid, whatever the clocks show", async () => {
		const world = new World();
		const [here, there] = [world.gateway(TOLERANCE), world.gateway()];
		world.now += LONG;
		// what is remembered is pruned once in a ticket's life, the last time just before this one's end
		there.tickets.take({ jti: "earlier" });
		world.now += 5000;
		const ticket = await here.issue();
		const read = await there.tickets.read(ticket, ["news"]);
		expect(there.tickets.take(read as { jti: string })).toBe(true);
		// set back as far as goes unnoticed
		there.skew -= TOLERANCE;
		for (let n = 0; n < 59; n++) {
			world.now += 1000;
			expect(await there.takes(ticket)).toBe(false);
			there.tickets.take({ jti: `another-${n}` });
		}
		world.now += HOUR;
		there.tickets.take({ jti: "another" });
		expect(there.tickets.remembered).toBe(1);
	});

	it.each([0, -HOUR, HOUR])(
		"that is used elsewhere is remembered here, even if that gateway's clock is off by %i",
		async off => {
			const world = new World();
			const [here, there] = [world.gateway(), world.gateway()];
			const ticket = await here.issue();
			const jti = (await here.tickets.read(ticket, ["news"]))?.jti;
			there.tickets.markUsed({ jti, until: 1_700_000_000_000 + off });
			world.now += EXPIRES_IN - 1;

			expect(await there.takes(ticket)).toBe(false);
		}
	);

	// A gateway that has just begun has not heard what was revoked before. The others refused its tickets until they had
	// forgotten the revocation.
	it.each(APART)(
		"of one that began after a revocation is valid as soon as the clocks can tell: %i",
		async apart => {
			const world = new World();
			const here = world.gateway();
			world.now += LONG;
			world.revoke("alice");
			world.now += 1000;
			const there = world.gateway(apart);
			const early = await there.issue();
			world.now += 2 * TOLERANCE;
			const late = await there.issue();

			if (apart <= 5000) expect(await here.takes(early)).toBe(false);
			expect(await here.takes(late)).toBe(true);
		}
	);

	it("of one that was there when it was revoked is not valid, however late its clock says that it is", async () => {
		const world = new World();
		const [here, there] = [world.gateway(), world.gateway(60_000)];
		world.now += LONG;
		const ticket = await there.issue();
		world.now += 20_000;
		world.revoke("alice");
		// by the clock there, the ticket is from half a minute after the revocation, and valid by now
		world.now += 35_000;

		expect(await here.takes(ticket)).toBe(false);
		expect(here.ahead).toEqual([]);
	});

	// Tickets could be used up faster than they expired, and all were remembered.
	it("is not valid if it may be one of the used ones, of which there were too many to remember", async () => {
		const world = new World();
		const [here, there] = [world.gateway(), world.gateway()];
		world.now += LONG;
		const before = [await here.issue(), await there.issue()];
		world.now += 1;
		for (let n = 0; n < 500_000; n++) there.tickets.take({ jti: `another-${n}` });
		for (const ticket of before) expect(await there.takes(ticket)).toBe(true);
		there.tickets.take({ jti: "one more" });
		for (const ticket of before) expect(await there.takes(ticket)).toBe(false);
		expect(await there.takes(await here.issue())).toBe(false);
		world.now += TOLERANCE + 1;

		expect(await there.takes(await there.issue())).toBe(true);
		expect(await there.takes(await here.issue())).toBe(true);
		expect(there.tickets.remembered).toBeLessThanOrEqual(500_000);
	});

	it("is valid after a revocation of so many sessions that it is heard in parts, while others hear the whole", async () => {
		const world = new World();
		const [here, there] = [world.gateway(), world.gateway()];
		world.now += LONG;
		here.tickets.revoke(of("bob"), "node.e.1");
		here.tickets.revoke(of("alice"), "node.e.1");
		there.tickets.revoke({ ...of("alice"), sessionId: ["bob", "alice"] }, "node.e.1");

		expect(await there.takes(await here.issue())).toBe(true);
		expect(await here.takes(await there.issue())).toBe(true);
	});

	// On a RabbitMQ stream a gateway that starts reads the revocations of the past. As if they had just happened, they refused
	// the tickets of those who had logged in again since.
	it("is valid after a revocation that a gateway hears of only when it starts", async () => {
		const world = new World();
		const here = world.gateway();
		world.now += LONG;
		here.tickets.revoke(of("alice"), "node.e.1");
		const before = await here.issue(["news"], { ...alice, ids: ["bob"] });
		here.tickets.revoke(of("bob"), "node.e.2");
		world.now += 2 * LONG;
		const there = world.gateway();
		// on its own clock, which began a second ago
		const revoked = 1000 - 2 * LONG;
		const own = await there.issue();
		there.tickets.revoke(of("alice"), "node.e.1", revoked);
		there.tickets.revoke(of("bob"), "node.e.2", revoked);

		expect(await there.takes(await here.issue())).toBe(true);
		expect(await there.takes(own)).toBe(true);
		expect(await there.takes(before)).toBe(false);
	});

	it("names only the latest revocations, and is not valid for those who remember more", async () => {
		const world = new World();
		const [here, there] = [world.gateway(), world.gateway()];
		for (let n = 0; n < 32; n++) world.revoke("alice");
		expect(await there.takes(await here.issue())).toBe(true);
		world.revoke("alice");

		expect(await there.takes(await here.issue())).toBe(false);
		expect(await here.takes(await here.issue())).toBe(true);
	});

	it("fits a URL, however much has happened", async () => {
		const world = new World();
		const here = world.gateway();
		for (let n = 0; n < 1000; n++) {
			world.gateway();
			here.tickets.revoke(of("alice"), `node.epoch${n}.${Number.MAX_SAFE_INTEGER}`);
		}

		expect((await here.issue()).length).toBeLessThan(2500);
	});
});

// A gateway forgot used tickets and revocations when it was restarted, and the secret stayed the same: all tickets were valid
// again.
describe("a gateway that has just begun", () => {
	const start = (skew: number) => {
		const world = new World();
		const here = world.gateway();
		world.now += LONG;
		return { world, here, restart: () => world.gateway(skew) };
	};

	it.each([0, TOLERANCE, -TOLERANCE])(
		"accepts no ticket from before, and any issued since, at once: %i ms apart",
		async skew => {
			const { world, here, restart } = start(skew);
			const before = await here.issue();
			world.now += 1;
			const there = restart();
			const after = await here.issue();
			for (let n = 0; n < EXPIRES_IN / 1000; n++) {
				expect(await there.takes(before)).toBe(false);
				expect(await there.takes(after)).toBe(true);
				world.now += 999;
			}
		}
	);

	it("is named by others for as long as the clocks cannot tell", async () => {
		const { world, here, restart } = start(-TOLERANCE);
		const there = restart();
		for (let n = 0; n < 100; n++) {
			expect(await there.takes(await here.issue())).toBe(true);
			world.now += 1000;
		}
		const { lives } = JSON.parse(atob((await here.issue()).split(".")[1] ?? ""));

		expect(lives).toBeUndefined();
	});

	it("accepts the tickets of those that have not met it when the clocks can tell", async () => {
		const { world, here, restart } = start(0);
		const there = restart();
		world.gateways.pop();
		expect(await there.takes(await here.issue())).toBe(false);
		world.now += TOLERANCE + 1;

		expect(await there.takes(await here.issue())).toBe(true);
	});

	it("accepts no ticket for naming another life of it", async () => {
		const { world, here, restart } = start(0);
		const there = restart();
		const ticket = await here.issue();
		world.now += 1;
		there.tickets.begin();

		expect(await there.takes(ticket)).toBe(false);
	});
});

describe("a gateway whose clock is set", () => {
	const start = () => {
		const world = new World();
		const [here, there] = [world.gateway(), world.gateway()];
		return { world, here, there };
	};

	it("back accepts no ticket of others from before that, even if it had expired and was forgotten", async () => {
		const { world, here, there } = start();
		const ticket = await here.issue();
		const jti = (await there.tickets.read(ticket, ["news"]))?.jti ?? "";
		there.tickets.take({ jti });
		world.now += HOUR;
		// forgotten
		there.tickets.take({ jti: "another" });
		there.skew -= HOUR;

		expect(await there.takes(ticket)).toBe(false);
		expect(there.tickets.remembered).toBe(1);
	});

	it("back, and then right again, accepts those issued since as soon as the clocks can tell", async () => {
		const { world, here, there } = start();
		there.skew += HOUR;
		expect(await there.takes(await here.issue())).toBe(false);
		there.skew -= HOUR;
		expect(await there.takes(await here.issue())).toBe(false);
		world.now += TOLERANCE + 1;

		expect(await there.takes(await here.issue())).toBe(true);
	});

	it("forward judges what it heard before by the clock as it is now", async () => {
		const { world, here, there } = start();
		for (const gateway of [here, there]) gateway.skew -= HOUR;
		there.tickets.begin();
		world.now += LONG;
		const before = await here.issue();
		there.tickets.revoke(of("alice"), undefined);
		// both were an hour slow; only then are they set right
		for (const gateway of [here, there]) gateway.skew += HOUR;
		world.now += 2 * TOLERANCE + 1;
		const after = await here.issue();

		expect([await there.takes(before), await there.takes(after)]).toEqual([false, true]);
	});
});

describe("any gateway, its clock wrong by up to half the tolerance", () => {
	const step = fc.oneof(
		fc.record({ do: fc.constant("pass" as const), time: fc.integer({ min: 0, max: 20_000 }) }),
		fc.record({ do: fc.constant("issue" as const), at: fc.nat(2) }),
		fc.record({ do: fc.constant("use" as const), at: fc.nat(2), which: fc.nat() }),
		fc.record({ do: fc.constant("show" as const), at: fc.nat(2), which: fc.nat() }),
		fc.record({ do: fc.constant("revoke" as const) }),
		fc.record({ do: fc.constant("restart" as const), at: fc.nat(2) }),
		fc.record({
			do: fc.constant("set" as const),
			at: fc.nat(2),
			skew: fc.integer({ min: -TOLERANCE / 2, max: TOLERANCE / 2 })
		})
	);

	/** What really happened to a ticket. */
	interface Given {
		readonly ticket: string;
		readonly by: TestTickets;
		/** Whether its gateway had heard of each revocation, or the clocks can tell. */
		readonly hasHeard: boolean;
		/** When, in steps and in milliseconds. */
		readonly step: number;
		readonly time: number;
		isUsed: boolean;
	}

	it("accepts each ticket once, unless it was revoked since or is too old, and no other", async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
				const world = new World();
				const began = new Map([0, 1, 2].map(() => [world.gateway(), -1]));
				const gateway = (at: number) => world.gateways[at] as TestTickets;
				const given: Given[] = [];
				const revoked: { step: number; time: number }[] = [];
				for (const [index, todo] of steps.entries()) {
					if (todo.do === "pass") world.now += todo.time;
					else if (todo.do === "set") gateway(todo.at).skew = todo.skew;
					else if (todo.do === "restart") {
						const { skew } = gateway(todo.at);
						const again = new TestTickets(world, skew, EXPIRES_IN, "");
						world.gateways[todo.at] = again;
						began.set(again, index);
					} else if (todo.do === "revoke") {
						world.revoke("alice");
						revoked.push({ step: index, time: world.now });
					} else if (todo.do === "issue") {
						const by = gateway(todo.at);
						const hasHeard = revoked.every(
							({ step, time }) => step > (began.get(by) ?? -1) || world.now - time > 2 * TOLERANCE
						);
						const ticket = await by.issue();
						given.push({ ticket, by, hasHeard, step: index, time: world.now, isUsed: false });
					} else if (given.length > 0) {
						const one = given[todo.which % given.length] as Given;
						const here = gateway(todo.at);
						const age = world.now - one.time;
						const since = Math.max(revoked.at(-1)?.step ?? -1, began.get(here) ?? -1);
						const isOver = one.isUsed || one.step < since;
						const isOwn = one.by === here;
						const read = await here.tickets.read(one.ticket, ["news"]);
						if (isOver) expect(read).toBeUndefined();
						else if (age < EXPIRES_IN) {
							if (one.hasHeard || isOwn) expect(read).toBeDefined();
						} else if (isOwn || age >= EXPIRES_IN + 2 * TOLERANCE) {
							expect(read).toBeUndefined();
						}
						if (read === undefined || todo.do === "show") continue;
						expect(here.tickets.take(read)).toBe(true);
						for (const { tickets } of world.gateways) tickets.markUsed({ ...read });
						one.isUsed = true;
					}
				}
			}),
			{ numRuns: 500 }
		);
	});
});
