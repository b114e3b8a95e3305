import { describe, expect, it } from "@jest/globals";
import { refusal, send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { NOTHING, startGateway } from "../support/gateway/gateway.ts";

const PATH = "/sse/event-stream";

describe("a bad event name is refused with 400, in moleculer-web's error shape", () => {
	it.each([
		["missing", "", "is missing"],
		["missing, though something else is there", "?session=alice", "is missing"],
		["missing, but for brackets", "?eventName[]=news", "is missing"],
		["missing, but in another case", "?eventname=news", "is missing"],
		["empty", "?eventName=", "is empty"],
		["empty, without a value", "?eventName", "is empty"],
		["of 129 characters", `?eventName=${"n".repeat(129)}`, "is longer than 128 characters"],
		["with CR", "?eventName=a%0Db", "contains CR, LF or NUL"],
		["with LF", "?eventName=a%0Ab", "contains CR, LF or NUL"],
		["with LF at its end", "?eventName=a%0A", "contains CR, LF or NUL"],
		["with NUL", "?eventName=a%00", "contains CR, LF or NUL"],
		["reserved", "?eventName=sse.open", 'starts with "sse."'],
		["reserved, though unknown", "?eventName=sse.", 'starts with "sse."'],
		["bad among good ones", "?eventName=a&eventName=b&eventName=sse.x", 'starts with "sse."']
	])("%s", async (_, query, problem) => {
		const gateway = await startGateway();
		const { status, error } = await refusal(gateway.origin + PATH + query);

		expect(status).toBe(400);
		expect(error).toEqual({
			name: "SseError",
			message: expect.stringContaining(`Parameter "eventName" ${problem}`),
			code: 400,
			type: "SSE_INVALID_REQUEST",
			data: { parameter: "eventName" }
		});
		expect(gateway.held).toEqual(NOTHING);
	});
});

describe("an event name is accepted as it is", () => {
	it.each([
		["of 128 characters", "n".repeat(128)],
		["in Unicode", "żółć-通知-🔔"],
		["with spaces and punctuation", " a b&c=d?e#f:g "],
		["that looks reserved, but is not", "sse"],
		["that looks reserved, but for case", "SSE.x"]
	])("%s", async (_, name) => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url(name), { session: "alice" });
		await gateway.send({ eventName: name, sessionId: "alice", payload: 1 });

		const { data } = await stream.next("sse.open");
		expect(JSON.parse(data).eventNames).toEqual([name]);
		// the client's parser drops the one space after the colon, and no other
		expect((await stream.next(name)).data).toBe("1");
	});

	it("once, however often it was asked for", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("a", "b", "a", "b"), { session: "alice" });
		await gateway.send({ eventName: "a", sessionId: "alice", payload: 1 });
		await gateway.send({ eventName: "b", sessionId: "alice", payload: 2 });
		await stream.next("b");

		expect(JSON.parse(stream.events[0]?.data ?? "").eventNames).toEqual(["a", "b"]);
		expect(stream.received("a")).toEqual([1]);
		expect(stream.received("b")).toEqual([2]);
	});
});

describe("content negotiation", () => {
	it.each([
		["another type", "text/html"],
		["other types", "application/json, text/plain;q=0.5"],
		["an explicit no", "text/event-stream;q=0"],
		["an explicit no beside everything", "text/event-stream;q=0, */*"]
	])("refuses a stream with 406 for %s", async (_, accept) => {
		const gateway = await startGateway();
		const { status, error } = await refusal(gateway.url("news"), { headers: { accept } });

		expect(status).toBe(406);
		expect(error).toMatchObject({
			name: "SseError",
			code: 406,
			type: "SSE_NOT_ACCEPTABLE",
			data: { accepted: ["text/event-stream"] }
		});
		expect(gateway.held).toEqual(NOTHING);
	});

	// A header with parameters, an empty one and a lone `*` were refused, permanently by 406: real clients send all three.
	it.each([
		["nothing", {}],
		["an empty header", { accept: "" }],
		["a lone asterisk", { accept: "*" }],
		["everything", { accept: "*/*" }],
		["the type with a charset", { accept: "text/event-stream; charset=UTF-8" }],
		["what old clients send", { accept: "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2" }],
		["all text", { accept: "text/*;q=0.1" }],
		["the type itself", { accept: "text/event-stream" }],
		["the type among others", { accept: "text/html, text/event-stream;q=0.1" }],
		["the type in capitals", { accept: "TEXT/EVENT-STREAM" }]
	])("opens a stream for %s", async (_, headers) => {
		const gateway = await startGateway();

		await openStream(gateway.url("news"), { headers });
	});
});

describe("methods", () => {
	it("answers HEAD with the head of a stream, and ends", async () => {
		const gateway = await startGateway();
		const { status, headers, text } = await send(gateway.url("news"), { method: "HEAD" });

		expect(status).toBe(200);
		expect(headers).toMatchObject({
			"content-type": "text/event-stream",
			"cache-control": "no-cache, no-store, no-transform",
			"x-accel-buffering": "no"
		});
		expect(text).toBe("");
		expect(gateway.held).toEqual(NOTHING);
	});

	it("refuses a bad HEAD like a bad GET", async () => {
		const gateway = await startGateway();
		const { status } = await send(`${gateway.origin}${PATH}`, { method: "HEAD" });

		expect(status).toBe(400);
	});

	it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
		"refuses %s with 405 and names the allowed methods",
		async method => {
			const gateway = await startGateway();
			const { status, headers, error } = await refusal(gateway.url("news"), { method });

			expect(status).toBe(405);
			expect(headers.allow).toBe("GET, HEAD");
			expect(error).toMatchObject({ code: 405, type: "SSE_METHOD_NOT_ALLOWED", data: { method } });
			expect(gateway.held).toEqual(NOTHING);
		}
	);

	it.each(["POST", "PUT", "PATCH", "DELETE"])("also refuses %s with a body", async method => {
		const gateway = await startGateway();
		const { status } = await refusal(gateway.url("news"), {
			method,
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ eventName: "news" })
		});

		expect(status).toBe(405);
	});

	it("opens a stream for GET with a body, which it does not read", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), {
			session: "alice",
			headers: { "content-type": "application/json" },
			body: '{"eventName":"other"}'
		});
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		await stream.next("news");
	});
});
