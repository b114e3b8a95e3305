import { describe, expect, it } from "@jest/globals";
import { spanParent } from "../../../../mixins/sse/moleculer/tracing/span-parent.ts";

const TRACER = { opts: { actions: true, events: false } };
const SPAN = { id: "span", traceID: "trace", sampled: true, service: { name: "orders" } };
const CONTEXT = {
	id: "ctx",
	requestID: "request",
	parentID: "parent",
	tracing: true,
	service: { name: "orders" }
};

describe("the parent of a span", () => {
	it.each<[string, object, string | undefined]>([
		["the context's span", { span: SPAN, action: {} }, "span"],
		["an action's span that has ended", { action: {} }, "ctx"],
		["an action's span that is asked for", { action: { tracing: { tags: {} } } }, "ctx"],
		["what an action without a span was called in", { action: { tracing: false } }, "parent"],
		["the same", { action: { tracing: { enabled: false } } }, "parent"],
		["what an event was sent in", { event: {} }, "parent"],
		["what a context of an application's own was made in", {}, "parent"]
	])("is %s", (_, context, parentID) => {
		const parentCtx = { ...CONTEXT, ...context } as never;
		expect(spanParent({ parentCtx }, TRACER)).toEqual({
			traceID: "request",
			parentID,
			sampled: true,
			service: CONTEXT.service
		});
	});

	it("is an event's ended span, if events have one", () => {
		const parentCtx = { ...CONTEXT, event: {} } as never;
		const tracer = { opts: { actions: true, events: true } };
		expect(spanParent({ parentCtx }, tracer)).toMatchObject({ parentID: "ctx" });
		const untraced = { ...CONTEXT, event: { tracing: false } } as never;
		expect(spanParent({ parentCtx: untraced }, tracer)).toMatchObject({ parentID: "parent" });
	});

	it("is the given span, whatever the context", () => {
		const parentSpan = { ...SPAN, sampled: false };
		expect(spanParent({ parentSpan, parentCtx: CONTEXT as never }, TRACER)).toEqual({
			traceID: "trace",
			parentID: "span",
			sampled: false,
			service: SPAN.service
		});
	});

	it("may be unknown: a trace begins, with the id of the request if it is given", () => {
		expect(spanParent({}, TRACER)).toEqual({});
		expect(spanParent({ requestID: "mine" }, TRACER)).toEqual({ traceID: "mine" });
	});
});
