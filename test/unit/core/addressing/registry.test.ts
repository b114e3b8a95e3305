import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Registry, type Subscription } from "../../../../mixins/sse/core/addressing/registry.ts";
import { held } from "../../../support/memory.ts";
import { TextLooks } from "../../../support/text-looks.ts";

const stream = (sessionIds: string[], eventNames: string[]): Subscription => ({
	sessionIds,
	eventNames
});

describe("the registry", () => {
	it("finds the streams of a session that have the event name, and no others", () => {
		const registry = new Registry();
		const first = stream(["s1"], ["a", "b"]);
		const second = stream(["s1"], ["b"]);
		const other = stream(["s2"], ["b"]);
		for (const each of [first, second, other]) registry.add(each);

		expect([...registry.select("s1", "a")]).toEqual([first]);
		expect([...registry.select("s1", "b")]).toEqual([first, second]);
		expect([...registry.select("s2", "a")]).toEqual([]);
		expect([...registry.select("s3", "b")]).toEqual([]);
		expect([...registry.select("*", "b")]).toEqual([first, second, other]);
	});

	it("returns a stream once, however many of its ids are addressed", () => {
		const registry = new Registry();
		const shared = stream(["s1", "u1"], ["a"]);
		registry.add(shared);
		expect([...registry.select(["s1", "u1", "s1", "s9"], "a")]).toEqual([shared]);
	});

	it("allows streams to be removed while they are iterated over", () => {
		const registry = new Registry();
		const streams = [1, 2, 3].map(() => stream(["s"], ["a"]));
		for (const each of streams) registry.add(each);
		const seen: Subscription[] = [];
		for (const each of registry.select("s", "a")) {
			seen.push(each);
			registry.remove(each);
		}
		expect(seen).toEqual(streams);
		expect(registry.size).toBe(0);
	});

	it("agrees with a plain list through any course of adding and removing, and ends empty", () => {
		const ids = fc.subarray(["s1", "s2", "__proto__", "constructor", "*x"], { minLength: 1 });
		const names = fc.subarray(["a", "b", "__proto__"], { minLength: 1 });
		const action = fc.record({ add: fc.boolean(), at: fc.nat(20), ids, names });
		// sessions with so many streams that they are indexed, and with so few again that they are not
		const course = fc
			.tuple(fc.array(action, { maxLength: 60 }), fc.array(action, { maxLength: 60 }))
			.map(([more, fewer]) => [
				...more.map(each => ({ ...each, add: each.add || each.at % 2 === 0 })),
				...fewer.map(each => ({ ...each, add: each.add && each.at % 2 === 0 }))
			]);
		fc.assert(
			fc.property(course, actions => {
				const registry = new Registry();
				const model: Subscription[] = [];
				for (const { add, at, ids, names } of actions) {
					if (add) {
						const added = stream(ids, names);
						registry.add(added);
						registry.add(added);
						model.push(added);
					} else if (model.length > 0) {
						const [removed] = model.splice(at % model.length, 1) as [Subscription];
						expect(registry.remove(removed)).toBe(true);
						expect(registry.remove(removed)).toBe(false);
					}
					expect(registry.size).toBe(model.length);
					expect([...registry]).toEqual(model);
					for (const name of ["a", "b", "__proto__", "c"]) {
						const named = model.filter(s => s.eventNames.includes(name));
						expect([...registry.select("*", name)]).toEqual(named);
						for (const id of ["s1", "__proto__", "toString"]) {
							const mine = named.filter(s => s.sessionIds.includes(id));
							expect([...registry.select(id, name)]).toEqual(mine);
						}
						const all = model.filter(s => s.sessionIds.includes("s2"));
						expect([...registry.selectAll("s2")]).toEqual(all);
						const both = named.filter(s => s.sessionIds.some(id => id === "s1" || id === "s2"));
						expect(new Set(registry.select(["s1", "s2"], name))).toEqual(new Set(both));
					}
				}
				for (const each of model) registry.remove(each);
				expect([registry.size, registry.sessionCount, registry.eventNameCount]).toEqual([0, 0, 0]);
				expect(registry.indexCount).toBe(0);
			})
		);
	});

	// Each pair of an id and a name had an entry and a set of its own: 540 bytes.
	it.each([
		{ what: "names that no other stream has", streams: 1000, names: 100, own: true },
		{ what: "a name that all have", streams: 20_000, names: 1, own: false }
	])(
		"takes 80 bytes for a session's only stream, and 80 for each of its names: $what",
		async ({ streams, names, own }) => {
			const all = Array.from({ length: streams }, (_, n) =>
				stream(
					[`session-${n}`],
					Array.from({ length: names }, (_, k) => (own ? `${n}-${k}` : `${k}`))
				)
			);
			const registry = new Registry();
			const before = await held();
			for (const each of all) registry.add(each);
			const after = await held();

			expect((after.heap - before.heap) / streams).toBeLessThan(80 + 80 * names);
			expect(registry.size).toBe(streams);
		}
	);

	it("does not index all streams of a session anew whenever one of them comes and goes", () => {
		const looks = new TextLooks();
		const registry = new Registry<Subscription>();
		const streams = Array.from({ length: 11 }, () => ({
			sessionIds: ["s"],
			eventNames: looks.of(["a", "b"])
		}));
		for (const each of streams) registry.add(each);
		const last = streams[10] as Subscription;
		looks.count = 0;
		for (let n = 0; n < 100; n++) {
			registry.remove(last);
			registry.add(last);
		}

		expect(registry.indexCount).toBe(1);
		// its two names, in two places
		expect(looks.count).toBeLessThanOrEqual(100 * 2 * 2 * 2);
	});
});
