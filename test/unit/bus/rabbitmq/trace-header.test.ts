import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Outbox, type Outgoing } from "../../../../mixins/sse/bus/rabbitmq/sender/outbox.ts";
import {
	readTraceHeader,
	writeTraceHeader
} from "../../../../mixins/sse/bus/rabbitmq/trace-header.ts";
import { MAX_TRACE_ID_LENGTH } from "../../../../mixins/sse/core/event/trace-context.ts";

const visible = Array.from({ length: 94 }, (_, n) => String.fromCharCode(0x21 + n));
const idOf = (maxLength: number) =>
	fc.string({
		unit: fc.constantFrom(...visible.filter(character => !/["\\]/.test(character))),
		minLength: 1,
		maxLength
	});
const contextOf = (maxLength: number) =>
	fc.record({ traceID: idOf(maxLength), spanID: idOf(maxLength) });

const A = { traceID: "trace-a", spanID: "span-a" };

describe("the trace contexts of a message", () => {
	it("are read as they were written", () => {
		const traces = fc.array(fc.option(contextOf(MAX_TRACE_ID_LENGTH), { nil: undefined }), {
			maxLength: 7
		});
		fc.assert(
			fc.property(traces, contexts => {
				const read = readTraceHeader(writeTraceHeader(contexts));
				expect(contexts.map((_, index) => read.get(index))).toEqual(contexts);
			})
		);
	});

	it("have no header if there are none", () => {
		expect(writeTraceHeader([undefined, undefined])).toBeUndefined();
		expect(readTraceHeader(undefined).size).toBe(0);
	});

	it("fit into an AMQP frame, as many as the outbox puts into a message", () => {
		fc.assert(
			fc.property(fc.array(contextOf(40), { minLength: 1, maxLength: 1200 }), contexts => {
				const outbox = new Outbox<Outgoing>({ maxEvents: 2000, maxBytes: 1 << 20 });
				for (const trace of contexts) {
					outbox.add({ json: "1", bytes: 1, deadline: 0, trace, onConfirmed: () => {} });
				}
				const sent: unknown[] = [];
				for (let message = outbox.next(); message; message = outbox.next()) {
					const traces = message.events.map(({ trace }) => trace);
					expect(writeTraceHeader(traces)?.length).toBeLessThanOrEqual(2048);
					sent.push(...traces);
				}
				expect(sent).toEqual(contexts);
			}),
			{ numRuns: 30 }
		);
	});

	it("leave a message whole that has few of them", () => {
		const outbox = new Outbox<Outgoing>({ maxEvents: 2000, maxBytes: 1 << 20 });
		for (let n = 0; n < 1000; n++) {
			const trace = n % 100 === 0 ? A : undefined;
			outbox.add({ json: "1", bytes: 1, deadline: 0, trace, onConfirmed: () => {} });
		}
		expect(outbox.next()?.events).toHaveLength(1000);
	});
});

describe("a header of another program", () => {
	it.each([
		["no text", 7],
		["a buffer", Buffer.from('[[0,"t","s"]]')],
		["no JSON", '[[0,"t","s"]'],
		["no array", '{"0":["t","s"]}'],
		["null", "null"],
		["other entries", '[null,0,"t",{},[],[0],[0,"t"],[0,1,2],[0,null,"s"],[0,["t"],"s"]]'],
		["an index that is none", '[["0","t","s"],[-1,"t","s"],[0.5,"t","s"],[null,"t","s"]]'],
		["empty ids", '[[0,"","s"],[0,"t",""]]'],
		["ids that are too long", `[[0,"${"t".repeat(129)}","s"],[0,"t","${"s".repeat(129)}"]]`],
		["other characters", '[[0,"t t","s"],[0,"t","s\\n"],[0,"t","\\""],[0,"é","s"],[0,"t","\\\\"]]'],
		["too much", `[[0,"t","s"]${" ".repeat(4096)}]`]
	])("is ignored, whatever it contains: %s", (_, header) => {
		expect(readTraceHeader(header).get(0)).toBeUndefined();
	});

	it("counts as far as it is valid, and once for each event", () => {
		const read = readTraceHeader(
			'[[1,"t","s","more"],"?",[1,"other","other"],[9,"","s"],[3,"u","v"]]'
		);
		expect([0, 1, 2, 3].map(index => read.get(index))).toEqual([
			undefined,
			{ traceID: "t", spanID: "s" },
			undefined,
			{ traceID: "u", spanID: "v" }
		]);
	});

	it("neither throws nor gives anything but trace contexts, whatever arrives", () => {
		const piece = fc.constantFrom("[", "]", ",", '"t"', "0", "1", "null", '"', "\\", "{}", "é");
		const header = fc.oneof(
			fc.anything(),
			fc.array(piece).map(pieces => `[[0,${pieces.join("")}`)
		);
		fc.assert(
			fc.property(header, given => {
				for (const context of readTraceHeader(given).values()) {
					expect(Object.values(context).join("")).toMatch(/^[\x21-\x7e]{2,256}$/);
				}
			}),
			{ numRuns: 2000 }
		);
	});
});
