import { describe, expect, it } from "@jest/globals";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { chunkOf } from "../../../../mixins/sse/core/event/chunk.ts";
import {
	closeFrame,
	heartbeatFrame,
	openFrame,
	resetFrame
} from "../../../../mixins/sse/core/event/control-events.ts";
import { encodeFrame, type Frame } from "../../../../mixins/sse/core/event/frame.ts";
import { Slab } from "../../../../mixins/sse/core/event/slab.ts";
import { eventName, fieldText } from "../../../support/arbitraries.ts";

const text = (frame: Frame): string => new TextDecoder().decode(frame);

/** Reads bytes like a conforming client, with a foreign parser. */
function parse(...frames: Frame[]): { events: EventSourceMessage[]; retries: number[] } {
	const events: EventSourceMessage[] = [];
	const retries: number[] = [];
	const parser = createParser({
		onEvent: event => events.push(event),
		onRetry: retry => retries.push(retry),
		onError: error => {
			throw error;
		}
	});
	const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
	for (const frame of frames) parser.feed(decoder.decode(frame, { stream: true }));
	return { events, retries };
}

describe("a frame's bytes", () => {
	it("are id, event and data, each on its own line, and an empty line", () => {
		const frame = encodeFrame({ id: "api-1.k3f9.1042", event: "a", data: '{"status":"paid"}' });
		expect(text(frame)).toBe('id: api-1.k3f9.1042\nevent: a\ndata: {"status":"paid"}\n\n');
	});

	it("have no id line if the event has no id", () => {
		expect(text(encodeFrame({ event: "a", data: "1" }))).toBe("event: a\ndata: 1\n\n");
	});

	it("begin with retry if one is given, 0 included", () => {
		expect(text(encodeFrame({ event: "a", data: "1", retry: 0 }))).toBe(
			"retry: 0\nevent: a\ndata: 1\n\n"
		);
	});

	it("of control events may set the client's place, after the data", () => {
		const frame = encodeFrame({ event: "sse.x", data: "{}", position: "n.e.7" });
		expect(text(frame)).toBe("event: sse.x\ndata: {}\nid: n.e.7\n\n");
		expect(parse(frame).events).toEqual([{ id: "n.e.7", event: "sse.x", data: "{}" }]);
	});

	it("are UTF-8", () => {
		const frame = encodeFrame({ event: "ü", data: '"😀"' });
		expect(Buffer.from(frame)).toEqual(Buffer.from('event: ü\ndata: "😀"\n\n', "utf8"));
	});
});

describe("the chunk around a frame", () => {
	it.each([0, 1, 100, 1300, 4000, 4096, 5461, 5462, 16_383, 70_000])(
		"is its size in hexadecimal, the frame and a line end: %i characters of data",
		length => {
			const slab = new Slab();
			for (const data of ["x", "ü", "€", "😀"]) {
				const frames = [1, 2, 3].map(n =>
					encodeFrame({ event: `a${n}`, data: data.repeat(length) }, slab)
				);
				for (const frame of frames) {
					expect(Buffer.from(chunkOf(frame)).toString("latin1")).toBe(
						`${frame.length.toString(16)}\r\n${Buffer.from(frame).toString("latin1")}\r\n`
					);
				}
			}
		}
	);
});

describe("a field that would forge another", () => {
	it.each(["a\nb", "a\rb", "a\r\nid: 7", "\0", "\n"])("is a bug and throws: %j", value => {
		expect(() => encodeFrame({ event: value, data: "1" })).toThrow(TypeError);
		expect(() => encodeFrame({ event: "a", id: value, data: "1" })).toThrow(TypeError);
		expect(() => encodeFrame({ event: "a", position: value, data: "1" })).toThrow(TypeError);
	});
});

describe("a foreign parser", () => {
	it("reads exactly what was written, whatever it is", () => {
		const event = fc.record({
			id: fc.option(fieldText, { nil: undefined }),
			event: eventName,
			value: fc.jsonValue()
		});
		fc.assert(
			fc.property(fc.array(event, { minLength: 1, maxLength: 10 }), events => {
				const frames = events.map(({ id, event, value }) =>
					encodeFrame({ id, event, data: JSON.stringify(value) })
				);
				const read = parse(...frames).events;
				expect(read.map(e => e.event)).toEqual(events.map(e => e.event));
				expect(read.map(e => e.data)).toEqual(events.map(e => JSON.stringify(e.value)));
				expect(read.map(e => e.id)).toEqual(events.map(e => e.id));
			}),
			{ numRuns: 500 }
		);
	});

	it("reads frames of any size, across the ends of the slabs that they are cut from", () => {
		const sizes = [1, 100, 5_000, 16_000, 30_000, 70_000, 1];
		const values = Array.from({ length: 200 }, (_, n) => "ü".repeat(sizes[n % sizes.length] ?? 0));
		const slab = new Slab();
		const frames = values.map(value =>
			encodeFrame({ event: "a", data: JSON.stringify(value) }, slab)
		);
		expect(parse(...frames).events.map(e => JSON.parse(e.data))).toEqual(values);
	});

	it("reads it from any split of the bytes", () => {
		const frames = [
			openFrame(["a", "ü"], false, { retry: 3127 }),
			encodeFrame({ id: "n.e.1", event: "ü", data: '"\u2028😀"' }),
			heartbeatFrame(),
			closeFrame("timeout")
		];
		const bytes = Buffer.concat(frames);
		const whole = parse(bytes);
		expect(whole.retries).toEqual([3127]);
		expect(whole.events.map(e => e.event)).toEqual(["sse.open", "ü", "sse.heartbeat", "sse.close"]);
		for (let at = 1; at < bytes.length; at++) {
			expect(parse(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
		}
	});
});

describe("the gateway's own frames", () => {
	it("sse.open carries the names, whether it resumed, and the retry", () => {
		expect(text(openFrame(["a"], false, { retry: 3127 }))).toBe(
			'retry: 3127\nevent: sse.open\ndata: {"eventNames":["a"],"resumed":false}\n\n'
		);
		expect(text(openFrame(["a"], true))).toBe(
			'event: sse.open\ndata: {"eventNames":["a"],"resumed":true}\n\n'
		);
	});

	it("sse.open says if the gateway does not hear the other nodes, and otherwise nothing about it", () => {
		expect(text(openFrame([], false, { degraded: true }))).toContain(',"degraded":true}');
		expect(text(openFrame([], false, { degraded: false }))).not.toContain("degraded");
	});

	it("sse.open says how often heartbeats are sent, if they are, and identifies the stream's session", () => {
		expect(text(openFrame(["a"], false, { heartbeat: 15_000, session: "key" }))).toBe(
			'event: sse.open\ndata: {"eventNames":["a"],"resumed":false,"heartbeat":15000,"session":"key"}\n\n'
		);
		expect(text(openFrame(["a"], false, { heartbeat: 0 }))).not.toContain("heartbeat");
		expect(text(openFrame(["a"], true, { session: "key", groups: "g", issued: true }))).toBe(
			'event: sse.open\ndata: {"eventNames":["a"],"resumed":true,"session":"key","groups":"g","issued":true}\n\n'
		);
	});

	it("sse.heartbeat is a visible event, not a comment", () => {
		expect(text(heartbeatFrame())).toBe("event: sse.heartbeat\ndata: {}\n\n");
		expect(text(heartbeatFrame("n.e.7"))).toBe("event: sse.heartbeat\ndata: {}\nid: n.e.7\n\n");
	});

	it("sse.reset carries its reason, and the client's new place in the same frame", () => {
		expect(text(resetFrame("gap", "n.e.7"))).toBe(
			'event: sse.reset\ndata: {"reason":"gap"}\nid: n.e.7\n\n'
		);
	});

	it("share no memory with events, which are kept for minutes", () => {
		const own = [openFrame(["a"], true), heartbeatFrame(), resetFrame("gap"), closeFrame("drain")];
		const event = encodeFrame({ event: "a", data: "1" }, new Slab());
		for (const frame of own) expect(frame.buffer).not.toBe(event.buffer);
	});

	it("sse.close carries its reason", () => {
		expect(text(closeFrame("drain"))).toBe('event: sse.close\ndata: {"reason":"drain"}\n\n');
	});
});
