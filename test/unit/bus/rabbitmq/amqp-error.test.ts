import { describe, expect, it } from "@jest/globals";
import { describe as describeError } from "../../../../mixins/sse/bus/rabbitmq/amqp-error.ts";

describe("an error of amqplib in words", () => {
	// amqplib ends a connection with a string if frames make no sense. Describing that string threw, in the listener that had
	// to reconnect: the node had no RabbitMQ stream until it was restarted.
	it.each<[what: string, thrown: unknown, words: string]>([
		["an error", new Error("refused"), "refused"],
		["a string", "Expected headers frame after delivery", "Expected headers frame after delivery"],
		["nothing", undefined, "the connection was closed"],
		["null", null, "the connection was closed"],
		["an aggregate", new AggregateError([new Error("::1"), "127.0.0.1"]), "::1, 127.0.0.1"],
		["an error without words", new TypeError(""), "TypeError"],
		["an error whose `errors` are none", Object.assign(new Error(""), { errors: 7 }), "Error"],
		["an address", new Error("no way to amqp://user:secret@host"), "no way to amqp://…@host"]
	])("is written for %s", (_, thrown, words) => {
		expect(describeError(thrown)).toBe(words);
	});
});
