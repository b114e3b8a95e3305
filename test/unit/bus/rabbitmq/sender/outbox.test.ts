import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DuplicateFilter } from "../../../../../mixins/sse/bus/rabbitmq/receiver/duplicate-filter.ts";
import { Outbox, type Outgoing } from "../../../../../mixins/sse/bus/rabbitmq/sender/outbox.ts";

interface Sent extends Outgoing {
	confirmed: number;
}

const ROOMY = { maxEvents: 10_000, maxBytes: 1 << 24 };

function event(json: string): Sent {
	return {
		json,
		bytes: Buffer.byteLength(json),
		deadline: 0,
		confirmed: 0,
		onConfirmed() {
			this.confirmed++;
		}
	};
}

const jsonOf = (message: { events: readonly Sent[] } | undefined) =>
	message?.events.map(({ json }) => json);

describe("an outbox", () => {
	it("puts waiting events into one message, in order, and numbers messages from 1", () => {
		const outbox = new Outbox<Sent>(ROOMY);
		for (const json of ["1", "2", "3"]) outbox.add(event(json));
		const first = outbox.next();
		outbox.add(event("4"));

		expect([first?.seq, jsonOf(first)]).toEqual([1, ["1", "2", "3"]]);
		const second = outbox.next();
		expect([second?.seq, jsonOf(second)]).toEqual([2, ["4"]]);
		expect(outbox.next()).toBeUndefined();
	});

	it("puts events for different groups into different messages, in order", () => {
		const outbox = new Outbox<Sent>(ROOMY);
		const groups = [undefined, undefined, '["a"]', '["a"]', '["b"]', undefined];
		for (const [index, of] of groups.entries()) {
			outbox.add({ ...event(String(index)), groups: of });
		}

		for (const expected of [["0", "1"], ["2", "3"], ["4"], ["5"]]) {
			expect(jsonOf(outbox.next())).toEqual(expected);
		}
		expect(outbox.next()).toBeUndefined();
	});

	it("puts an event that is sent alone into a message of its own, in its place", () => {
		const outbox = new Outbox<Sent>(ROOMY);
		for (const json of ["1", "2"]) outbox.add(event(json));
		for (const json of ["alone", "alone too"]) outbox.add({ ...event(json), isAlone: true });
		outbox.add(event("3"));

		const messages = [1, 2, 3, 4, 5].map(() => jsonOf(outbox.next()));
		expect(messages).toEqual([["1", "2"], ["alone"], ["alone too"], ["3"], undefined]);
	});

	it("limits a message to a thousand events, or 256 Ki characters", () => {
		const outbox = new Outbox<Sent>(ROOMY);
		for (let n = 0; n < 1500; n++) outbox.add(event("1"));
		for (let n = 0; n < 3; n++) outbox.add(event("x".repeat(100_000)));

		const lengths: number[] = [];
		for (let message = outbox.next(); message; message = outbox.next()) {
			lengths.push(message.events.length);
		}
		expect(lengths).toEqual([1000, 502, 1]);
	});

	it("drops an event, and reports it, once its message is confirmed", () => {
		const outbox = new Outbox<Sent>(ROOMY);
		const one = event("1");
		outbox.add(one);
		const message = outbox.next();
		expect([outbox.length, outbox.bytes, one.confirmed]).toEqual([1, 1, 0]);

		if (message) outbox.confirm(message);
		// a message broker that confirms twice
		if (message) outbox.confirm(message);
		expect([outbox.length, outbox.bytes, one.confirmed]).toEqual([0, 0, 1]);
	});

	it("takes no more than its limits, but any event if it is empty", () => {
		const few = new Outbox<Sent>({ maxEvents: 2, maxBytes: 1 << 20 });
		expect([1, 2, 3].map(n => few.add(event(String(n))))).toEqual([true, true, false]);
		const small = new Outbox<Sent>({ maxEvents: 100, maxBytes: 8 });
		expect(small.add(event("longer than that"))).toBe(true);
		expect(small.add(event("1"))).toBe(false);
	});

	it("counts bytes of UTF-8, as its limit does", () => {
		const outbox = new Outbox<Sent>({ maxEvents: 100, maxBytes: 8 });
		expect(["1234", "żż", "1"].map(json => outbox.add(event(json)))).toEqual([true, true, false]);
		expect(outbox.bytes).toBe(8);
	});

	it("withdraws what waits, and not what was written", () => {
		const outbox = new Outbox<Sent>(ROOMY);
		const [written, waits] = [event("1"), event("2")];
		outbox.add(written);
		outbox.next();
		outbox.add(waits);

		expect([outbox.withdraw(written), outbox.withdraw(waits)]).toEqual([false, true]);
		expect([...outbox]).toEqual([written]);
		expect(outbox.next()).toBeUndefined();
	});

	it("writes a refused message as a new one, after the others", () => {
		const outbox = new Outbox<Sent>(ROOMY);
		outbox.add(event("1"));
		const refused = outbox.next();
		outbox.add(event("2"));
		outbox.next();
		if (refused) outbox.renew(refused);

		const again = outbox.next();
		expect([again?.seq, jsonOf(again)]).toEqual([3, ["1"]]);
	});

	it("writes the events of a message one by one if one of them was refused, in order, under new numbers", () => {
		const outbox = new Outbox<Sent>(ROOMY);
		const write = (...jsons: string[]) => {
			for (const json of jsons) outbox.add(event(json));
			return outbox.next();
		};
		write("1");
		const refused = write("2", "3");
		write("4", "5");
		outbox.rewind();
		if (refused) outbox.split(refused);
		outbox.add(event("6"));

		const all = Array.from({ length: 6 }, () => outbox.next());
		expect(all.map(message => [message?.seq, jsonOf(message)])).toEqual([
			[1, ["1"]],
			[4, ["2"]],
			[5, ["3"]],
			[6, ["4", "5"]],
			[7, ["6"]],
			[undefined, undefined]
		]);
	});

	it("gives up what will never be taken, and does not report it as confirmed", () => {
		const outbox = new Outbox<Sent>(ROOMY);
		const one = event("1");
		outbox.add(one);
		const message = outbox.next();
		if (message) outbox.drop(message);
		outbox.rewind();

		expect([outbox.length, outbox.bytes, one.confirmed]).toEqual([0, 0, 0]);
		expect(outbox.next()).toBeUndefined();
	});
});

describe("events over connections that break at any point, before or after what they carried", () => {
	const step = fc.oneof(
		{ weight: 4, arbitrary: fc.record({ do: fc.constant("send" as const), count: fc.nat(3) }) },
		{ weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), count: fc.nat(3) }) },
		{ weight: 3, arbitrary: fc.record({ do: fc.constant("confirm" as const), count: fc.nat(3) }) },
		// of what is under way, this many messages arrive, and no more confirmations
		{ weight: 2, arbitrary: fc.record({ do: fc.constant("break" as const), count: fc.nat(3) }) }
	);

	it("arrive in order, once each, and are counted until they are confirmed", () => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60 }), steps => {
				const outbox = new Outbox<Sent>(ROOMY);
				const duplicateFilter = new DuplicateFilter();
				const sent: Sent[] = [];
				const arrived: string[] = [];
				type Message = NonNullable<ReturnType<typeof outbox.next>>;
				let underway: Message[] = [];
				const arrive = (message: Message) => {
					if (!duplicateFilter.seen("me", message.seq)) arrived.push(...(jsonOf(message) ?? []));
				};
				const act = ({ do: what, count }: { do: string; count: number }) => {
					if (what === "break") {
						underway.slice(0, count).forEach(arrive);
						underway = [];
						outbox.rewind();
						return;
					}
					for (let n = 0; n < count; n++) {
						if (what === "send") {
							const one = event(String(sent.length));
							sent.push(one);
							outbox.add(one);
						} else if (what === "write") {
							const message = outbox.next();
							if (message) underway.push(message);
						} else {
							const message = underway.shift();
							if (message) arrive(message);
							if (message) outbox.confirm(message);
						}
					}
				};
				for (const one of steps) {
					act(one);
					expect(outbox.length).toBe(sent.filter(({ confirmed }) => confirmed === 0).length);
				}
				// a last connection, which lasts
				act({ do: "break", count: 0 });
				act({ do: "write", count: 1000 });
				act({ do: "confirm", count: 1000 });

				expect(arrived).toEqual(sent.map(({ json }) => json));
				expect(sent.every(({ confirmed }) => confirmed === 1)).toBe(true);
				expect([outbox.length, outbox.bytes]).toEqual([0, 0]);
			}),
			{ numRuns: 1000 }
		);
	});
});
