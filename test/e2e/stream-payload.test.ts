import { describe, expect, it } from "@jest/globals";
import { PAYLOADS } from "../support/payloads.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";

const event = (payload: unknown, sessionId: unknown = "A") => ({
	eventName: NEWS,
	sessionId,
	payload
});
const TEXTS = PAYLOADS.map(({ make }) => JSON.stringify(make()));

describe("a payload on a RabbitMQ stream", () => {
	it("is the text that JSON makes of it, live and in the past, sent alone or with others", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1");
		const sender = await stream.sender("sender");
		const live = await openNews(gateway);
		for (const { make } of PAYLOADS) await sender.send(event(make()));
		// of one turn, in one message, and for others as well
		await Promise.all(
			PAYLOADS.flatMap(({ make }) => [
				sender.send(event(make(), ["é\\", ',"payload":', "A"])),
				sender.send(event(make(), "elsewhere")),
				sender.send(event(make(), "A"))
			])
		);
		const expected = [...TEXTS, ...TEXTS.flatMap(text => [text, text])];
		await live.next(NEWS, expected.length);
		const got = live.events.filter(({ event }) => event === NEWS);
		expect(got.map(({ data }) => data)).toEqual(expected);

		const late = await stream.gateway("gateway-2");
		const back = await openNews(late, { lastEventId: got[0]?.id });
		await back.next(NEWS, expected.length - 1);
		expect(back.events.filter(({ event }) => event === NEWS)).toEqual(got.slice(1));
		const elsewhere = await openNews(late, { session: "elsewhere", lastEventId: got[0]?.id });
		await elsewhere.next(NEWS, TEXTS.length);
		expect(elsewhere.events.filter(({ event }) => event === NEWS).map(({ data }) => data)).toEqual(
			TEXTS
		);
		expect(gateway.log.at("warn")).toEqual([]);
	});

	it("is JSON to other programs, an event or an array of them", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1");
		const client = await openNews(gateway);
		const sender = await stream.sender("sender");
		await sender.send(event({ n: 1 }));
		await Promise.all([2, 3].map(n => sender.send(event({ n }))));
		await client.next(NEWS, 3);

		expect((await stream.messages()).map(({ content }) => content)).toEqual([
			event({ n: 1 }),
			[event({ n: 2 }), event({ n: 3 })]
		]);
	});
});

/** As they are sent, and as a page gets them. */
const LINES = [
	["<tr>\r\n<td>é</td>\r</tr>\n", "<tr>\n<td>é</td>\n</tr>\n"],
	["", ""],
	[" data: x\n\nid: 9", " data: x\n\nid: 9"],
	['",\n{"payload":"a', '",\n{"payload":"a']
] as const;

describe("a text on a RabbitMQ stream", () => {
	it("arrives as its lines, live and in the past, whoever sent it, and is JSON on the way", async () => {
		const stream = await TestStream.open();
		const sse = { events: { [NEWS]: { as: "text" } } } as const;
		const gateway = await stream.gateway("gateway-1", { sse });
		const live = await openNews(gateway);
		const sender = await stream.sender("sender");
		await sender.send(event("first"));
		for (const [text] of LINES) await sender.send(event(text));
		// of one turn, in one message
		await Promise.all(LINES.map(([text]) => sender.send(event(text))));
		await live.next(NEWS, 1 + 2 * LINES.length);
		const read = LINES.map(([, text]) => text);
		const dataOf = (client: typeof live) =>
			client.events.filter(({ event }) => event === NEWS).map(({ data }) => data);
		expect(dataOf(live)).toEqual(["first", ...read, ...read]);
		expect((await stream.messages())[0]?.content).toEqual(event("first"));

		stream.publish([...LINES.map(([text]) => event(text)), event({ no: "text" }), event("\0")]);
		stream.publish(event("last"));
		await live.next(NEWS, 2 + 3 * LINES.length);
		const all = ["first", ...read, ...read, ...read, "last"];
		expect(dataOf(live)).toEqual(all);
		expect(live.received("sse.open")).toHaveLength(1);
		const dropped = gateway.log.at("warn").filter(text => text.includes("dropped"));
		expect(dropped).toEqual([
			expect.stringContaining("takes a string"),
			expect.stringContaining("contains NUL")
		]);

		const late = await stream.gateway("gateway-2", { sse });
		const [first] = live.events.filter(({ event }) => event === NEWS);
		const back = await openNews(late, { lastEventId: first?.id });
		await back.next(NEWS, all.length - 1);
		expect(dataOf(back)).toEqual(all.slice(1));
		expect(back.events.filter(({ event }) => event === "sse.reset")).toEqual([]);
	});
});
