import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createInbox } from "../../../client/inbox.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** An inbox, and everything that it reports. */
function make() {
	const told: string[] = [];
	const inbox = createInbox({
		event: (name, data, id) => void (name.startsWith("sse.") || told.push(`${name} ${data} ${id}`)),
		load: reason => void told.push(`load: ${reason}`)
	});
	const open = (resumed: boolean, id = "") => inbox.take("sse.open", `{"resumed":${resumed}}`, id);
	const reset = (reason: string, id = "") => inbox.take("sse.reset", `{"reason":"${reason}"}`, id);
	return { inbox, told, open, reset };
}

describe("an inbox", () => {
	it("passes on each event once, and its place is the last one that it has passed on", () => {
		const { inbox, told, open } = make();
		open(false, "p");
		for (const id of ["1", "2", "1", "2", "3"]) inbox.take("a", id, id);
		inbox.take("a", "no id", "");
		inbox.take("a", "no id", "");

		expect(told).toEqual(["load: start", "a 1 1", "a 2 2", "a 3 3", "a no id ", "a no id "]);
		expect(inbox.place).toBe("3");
	});

	it("is not moved back by duplicates", () => {
		const { inbox, open } = make();
		open(false);
		for (const id of ["1", "2"]) inbox.take("a", id, id);
		open(true);
		inbox.take("a", "1", "1");

		expect(inbox.place).toBe("2");
	});

	it("reports once that a stream does not continue, with the reason that follows", () => {
		const { inbox, told, open, reset } = make();
		open(false, "p");
		open(false);
		reset("expired", "q");
		jest.runAllTimers();

		expect(told).toEqual(["load: start", "load: expired"]);
		expect(inbox.place).toBe("q");
	});

	it("reports it without a reason if none follows, before anything else", () => {
		const { inbox, told, open } = make();
		open(false, "p");
		open(false, "q");
		inbox.take("a", "1", "1");
		open(false, "r");
		jest.runAllTimers();

		expect(told).toEqual(["load: start", "load: lost", "a 1 1", "load: lost"]);
	});

	// What waited to be told was never told where nothing followed: the page was frozen meanwhile, and then went on where it was.
	it("that is closed before it has told something tells it when it is open again", () => {
		const { inbox, told, open } = make();
		open(false, "p");
		open(false, "q");
		inbox.close();
		jest.runAllTimers();
		open(true);
		jest.runAllTimers();

		expect(told).toEqual(["load: start", "load: lost"]);
	});

	it("that is held starts where it is released: what arrived before is part of the state", () => {
		const { inbox, told, open } = make();
		inbox.hold();
		open(false, "p");
		inbox.take("a", "1", "1");
		expect(inbox.isFresh).toBe(true);
		inbox.release("5");
		inbox.take("a", "6", "6");

		expect(told).toEqual(["load: start", "a 6 6"]);
	});

	// Its own stream had been ahead of the one that it then followed: what it had brought was taken for a repeat, and lost.
	it("that is held and begins at a place gets what comes behind that, though it came before", () => {
		const { inbox, told, open } = make();
		inbox.hold();
		open(false, "p");
		for (const id of ["1", "2"]) inbox.take("a", id, id);
		inbox.release("1");
		for (const id of ["2", "3"]) inbox.take("a", id, id);

		expect(told).toEqual(["load: start", "a 2 2", "a 3 3"]);
	});

	it("that is held and begins where it is gets nothing of before, though it is repeated", () => {
		const { inbox, told, open } = make();
		inbox.hold();
		open(false, "p");
		inbox.take("a", "1", "1");
		inbox.release();
		for (const id of ["1", "2"]) inbox.take("a", id, id);

		expect(told).toEqual(["load: start", "a 2 2"]);
	});

	// A tab had loaded its state, and a leader began for another one that was behind: what is in the state came once more, behind what
	// is newer.
	it("that is held and begins at a place knows what its own stream had brought until there", () => {
		const { inbox, told, open } = make();
		inbox.hold();
		open(false, "p");
		for (const id of ["1", "2", "3"]) inbox.take("a", id, id);
		inbox.release("2");
		for (const id of ["1", "2", "3", "4"]) inbox.take("a", id, id);

		expect(told).toEqual(["load: start", "a 3 3", "a 4 4"]);
	});

	it("that is not held waits for an explanation, though it is released", () => {
		const { inbox, told, open, reset } = make();
		open(false);
		open(false);
		inbox.release();
		reset("revoked");

		expect(told).toEqual(["load: start", "load: revoked"]);
	});

	it("that is held and continues misses nothing", () => {
		const { inbox, told, open } = make();
		open(false, "p");
		inbox.hold();
		open(true);
		inbox.take("a", "1", "1");
		inbox.release("p");

		expect(told).toEqual(["load: start", "a 1 1"]);
		expect(inbox.place).toBe("1");
	});
});
