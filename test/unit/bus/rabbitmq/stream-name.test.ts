import { describe, expect, it } from "@jest/globals";
import { nameOf, streamOf } from "../../../../mixins/sse/bus/rabbitmq/stream-name.ts";
import { SseError } from "../../../../mixins/sse/index.ts";

const options = {
	url: "amqp://localhost",
	maxAge: 1000,
	maxBytes: 65_536,
	timeout: 100,
	outbox: { maxEvents: 1, maxBytes: 1024 },
	socketOptions: {}
};
const nameIn = (namespace: string, name?: string) =>
	streamOf({ namespace }, { ...options, name }).name;

describe("the name of a broker's RabbitMQ stream", () => {
	it.each([
		["without a namespace", "", "sse.send"],
		["with one", "prod", "sse.send.prod"],
		["with one of dots", "eu.prod", "sse.send.eu.prod"],
		[
			"with one that a name cannot hold",
			"żółty / 50 %",
			"sse.send.%C5%BC%C3%B3%C5%82ty%20%2F%2050%20%25"
		],
		["with half a character", "a\ud83d", "sse.send.a%EF%BF%BD"],
		["with the longest one", "n".repeat(246), `sse.send.${"n".repeat(246)}`]
	])("is, %s", (_, namespace, name) => {
		expect(nameIn(namespace)).toBe(name);
	});

	it("is the given one, whatever the namespace", () => {
		expect(nameIn("prod", "orders")).toBe("orders");
		expect(nameIn("n".repeat(300), "orders")).toBe("orders");
	});

	it("if given does not apply to the exchange, whose name follows from the namespace", () => {
		const exchangeIn = (namespace: string) =>
			streamOf({ namespace }, { ...options, name: "orders" }).exchange;
		expect(exchangeIn("")).toBe("sse.send");
		expect(exchangeIn("prod")).toBe("sse.send.prod");
		expect(exchangeIn("n".repeat(300))).toBe("orders");
	});

	it.each([
		["characters", "n".repeat(247), 256],
		["characters that take more bytes", "ż".repeat(42), 261]
	])("is required for a namespace of too many %s", (_, namespace, bytes) => {
		let error: unknown;
		try {
			nameIn(namespace);
		} catch (thrown) {
			error = thrown;
		}
		expect(error).toBeInstanceOf(SseError);
		expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { option: "name" } });
		expect((error as Error).message).toContain(`${bytes} bytes`);
		expect((error as Error).message).toContain("Give stream.name");
	});
});

describe("a broker in RabbitMQ's list of connections", () => {
	it("differs from its namesake in another namespace", () => {
		expect(nameOf({ nodeID: "gateway-1", namespace: "" })).toBe("gateway-1");
		expect(nameOf({ nodeID: "gateway-1", namespace: "dev" })).toBe("gateway-1 (dev)");
	});
});
