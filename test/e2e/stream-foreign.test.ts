import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { openStream } from "../support/clients/stream-client.ts";
import { inject } from "../support/provided.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";
import { skip } from "../support/skip.ts";

const event = (payload: unknown, sessionId: unknown = "A") => ({
	eventName: NEWS,
	sessionId,
	payload
});

/** The exchange is then `sse.send`, which no other test file uses. */
const WITHOUT_NAMESPACE = { namespace: "" };

/** What no gateway may take for an event, and what its log says of it. */
const MALFORMED: readonly [what: string, content: unknown, logged: RegExp][] = [
	["no JSON", "{ eventName: news }", /not JSON/],
	["nothing at all", "", /not JSON/],
	["a number", 7, /takes an object/],
	["null", null, /takes an object/],
	["an event without an address", { eventName: NEWS, payload: 1 }, /"sessionId"/],
	["an event with an id of its own", { ...event(1), id: "9-9" }, /"id"/],
	[
		"an inherited address",
		`{"__proto__":{"sessionId":"A"},"eventName":"${NEWS}","payload":1}`,
		/__proto__/
	],
	["a reserved name", { ...event(1), eventName: "sse.open" }, /"eventName"/],
	["a name with a line break", { ...event(1), eventName: "a\ndata: x" }, /"eventName"/],
	["an array within an array", [[event(1)]], /takes an object/],
	["brackets by the thousand", "[".repeat(100_000), /not JSON/]
];

describe("another program that publishes to the exchange `sse.send`", () => {
	it("reaches gateways with the same JSON, one event or several", async () => {
		const stream = await TestStream.open(WITHOUT_NAMESPACE);
		const gateway = await stream.gateway("gateway-1");
		const client = await openNews(gateway);
		stream.publish(event({ n: 1 }));
		stream.publish([event({ n: 2 }, ["A", "B"]), event({ n: 3 }, "*"), event({ n: 4 }, "B")]);

		await client.next(NEWS, 3);
		expect(client.received(NEWS)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
		const ids = client.events.filter(({ event }) => event === NEWS).map(({ id }) => id);
		expect(ids.every(id => /^\d+-0(-\d+)?$/.test(id ?? ""))).toBe(true);
		const again = await openNews(gateway, { lastEventId: ids[0] as string });
		await again.next(NEWS, 2);
		expect(again.received(NEWS)).toEqual([{ n: 2 }, { n: 3 }]);
	});

	it("may number its sessions, and send to nobody", async () => {
		const stream = await TestStream.open(WITHOUT_NAMESPACE);
		const gateway = await stream.gateway("gateway-1");
		const client = await openStream(gateway.url(NEWS), { session: "7" });
		stream.publish(event("to nobody", []));
		stream.publish([event(1, 7), event("to nobody", []), event(2, ["A", 7]), event(3, "7")]);
		await client.next(NEWS, 3);

		expect(client.received(NEWS)).toEqual([1, 2, 3]);
		expect(gateway.log.at("warn")).toEqual([]);
		const [first] = client.events.filter(({ event }) => event === NEWS);
		const headers = { "last-event-id": first?.id };
		const again = await openStream(gateway.url(NEWS), { session: "7", headers });
		await again.next(NEWS, 2);
		expect(again.received(NEWS)).toEqual([2, 3]);
	});

	it.each(MALFORMED)(
		"stops nothing with %s: it is logged, and skipped",
		async (_, content, logged) => {
			const stream = await TestStream.open(WITHOUT_NAMESPACE);
			const gateway = await stream.gateway("gateway-1");
			const client = await openNews(gateway);
			stream.publish(content);
			stream.publish([event("good"), content, event("good too")]);
			stream.publish(event("last"));

			await client.until(() => client.received(NEWS).includes("last"), "the last event");
			expect(client.received(NEWS)).toEqual(["good", "good too", "last"]);
			expect(gateway.log.at("warn").join("\n")).toMatch(logged);
			expect(client.received("sse.reset")).toEqual([]);
		}
	);

	it("may be one in Python", async () => {
		const python = inject("programs").pika;
		if (python === null) skip("no Python here has pika");
		const stream = await TestStream.open(WITHOUT_NAMESPACE);
		const gateway = await stream.gateway("gateway-1");
		const client = await openNews(gateway);
		await promisify(execFile)(python as string, ["-c", PIKA, stream.url, NEWS]);

		await client.next(NEWS);
		expect(client.received(NEWS)).toEqual([{ from: "python", text: "żółć" }]);
	});
});

const PIKA = `
import json, sys, pika
url, name = sys.argv[1:]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.confirm_delivery()
channel.basic_publish("sse.send", "", json.dumps(
    {"eventName": name, "sessionId": "A", "payload": {"from": "python", "text": "żółć"}}
))
connection.close()
`;
