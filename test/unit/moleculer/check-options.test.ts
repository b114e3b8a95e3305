import { describe, expect, it } from "@jest/globals";
import { RABBITMQ_OPTIONS } from "../../../mixins/sse/core/options/rabbitmq-options.ts";
import { SSE_MIXIN_OPTIONS } from "../../../mixins/sse/gateway/mixin-options.ts";
import { checkOptions } from "../../../mixins/sse/moleculer/check-options.ts";

const check = (given: object, settings?: object) =>
	checkOptions("SseMixin", SSE_MIXIN_OPTIONS, given, settings);

describe("the options that a factory takes", () => {
	it("have their defaults, and lack what has none", () => {
		const options = check({ heartbeat: 1000 });

		expect(options.heartbeat).toBe(1000);
		expect(options.timeout).toBe(180_000);
		expect(options).not.toHaveProperty("session");
	});

	// A group in settings was completed with the defaults: a factory's `maxBytes` was silently lost when settings named the
	// `policy`.
	it("keep what the factory's argument has of a group, if settings have another part of it", () => {
		const { buffer, history } = check(
			{ buffer: { maxBytes: 2048 }, history: { maxAge: 2000 } },
			{ buffer: { policy: "conflate" }, history: { maxBytes: 70_000 } }
		);

		expect(buffer).toEqual({ maxBytes: 2048, policy: "conflate", stallTimeout: 60_000 });
		expect(history).toEqual({ maxAge: 2000, maxBytes: 70_000 });
	});

	it("are only those of settings if the factory has turned a group off", () => {
		expect(check({ history: null }, { history: { maxAge: 2000 } }).history).toEqual({
			maxBytes: 67_108_864,
			maxAge: 2000
		});
	});

	// A field that was undefined replaced the default, and was refused, though an undefined option counts as left out.
	it("leave out what is undefined, in groups too", () => {
		const { buffer } = check(
			{ timeout: undefined, buffer: { maxBytes: 2048, policy: undefined } },
			{ buffer: { maxBytes: undefined } }
		);
		expect(buffer).toEqual({ maxBytes: 2048, policy: "disconnect", stallTimeout: 60_000 });
	});

	// The error showed the part that the settings had given, which was right.
	it("show all that was given for a group that is refused", () => {
		expect(() => check({ buffer: { policy: "drop" } }, { buffer: { maxBytes: 2048 } })).toThrow(
			/got {"policy":"drop","maxBytes":2048}/
		);
	});

	it.each([
		["a Date", new Date(0)],
		["a Map", new Map()],
		["a list", []],
		["a value that goes in circles", circular()],
		["a bigint in a group", { maxBytes: 1n }]
	])("are refused where a group is %s", (_what, buffer) => {
		expect(() => check({ buffer })).toThrow(
			expect.objectContaining({ type: "SSE_INVALID_OPTION", data: { option: "buffer" } })
		);
	});

	it("are refused for a part of a group that settings do not replace", () => {
		expect(() => check({ buffer: { maxBytes: 1 } }, { buffer: { policy: "conflate" } })).toThrow(
			expect.objectContaining({ type: "SSE_INVALID_OPTION", data: { option: "buffer" } })
		);
	});
});

describe("the options of a RabbitMQ stream", () => {
	const url = "amqp://localhost";

	it.each<[string, unknown, string]>([
		["url", undefined, "an amqp:// or amqps:// URL, or an array of them"],
		["url", null, "an amqp:// or amqps:// URL, or an array of them"],
		["url", [], "an amqp:// or amqps:// URL, or an array of them"],
		["url", "http://localhost", "an amqp:// or amqps:// URL, or an array of them"],
		["name", null, "a name of 1 to 255 characters that RabbitMQ may give to a queue"],
		["name", "amq.sse", "a name of 1 to 255 characters that RabbitMQ may give to a queue"],
		["maxAge", 999, "a whole number of milliseconds, 1,000 or more"],
		["maxBytes", 65_535, "a whole number of bytes, 65,536 or more"],
		["timeout", 99, "a whole number of milliseconds, 100 or more"],
		[
			"outbox",
			{ maxEvents: 0 },
			"{ maxEvents, maxBytes }: whole numbers, 1 or more, and 1,024 or more"
		],
		[
			"outbox",
			{ maxBytes: 1023 },
			"{ maxEvents, maxBytes }: whole numbers, 1 or more, and 1,024 or more"
		],
		["socketOptions", null, "an object of options for tls.connect"]
	])("are refused, with what they take: %s = %j", (option, value, takes) => {
		expect(() =>
			checkOptions("SseMiddleware, stream", RABBITMQ_OPTIONS, {
				...(option === "url" ? {} : { url }),
				[option]: value
			})
		).toThrow(
			expect.objectContaining({
				type: "SSE_INVALID_OPTION",
				data: { option },
				message: expect.stringContaining(`SseMiddleware, stream: option "${option}" takes ${takes}`)
			})
		);
	});

	it("are not shown in the error if they may hold a secret", () => {
		expect(() =>
			checkOptions("SseMiddleware, stream", RABBITMQ_OPTIONS, { url: "http://user:secret@host" })
		).toThrow(expect.objectContaining({ message: expect.not.stringContaining("secret") }));
	});
});

function circular(): object {
	const value: { maxBytes?: unknown } = {};
	value.maxBytes = value;
	return value;
}
