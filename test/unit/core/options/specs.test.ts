import { describe, expect, it } from "@jest/globals";
import { SSE_MIDDLEWARE_OPTIONS } from "../../../../mixins/sse/core/options/middleware-options.ts";
import type { AnySpec } from "../../../../mixins/sse/core/options/option-spec.ts";
import { RABBITMQ_OPTIONS } from "../../../../mixins/sse/core/options/rabbitmq-options.ts";
import {
	group,
	oneOf,
	optional,
	orNull,
	text,
	whole
} from "../../../../mixins/sse/core/options/specs.ts";
import { SSE_MIXIN_OPTIONS } from "../../../../mixins/sse/gateway/mixin-options.ts";

const about = "something";

describe("the spec of a number", () => {
	it("has the same limits in its rule and in its text", () => {
		expect(whole({ about, unit: "bytes", min: 65_536 })).toMatchObject({
			takes: "a whole number of bytes, 65,536 or more",
			rule: { type: "number", integer: true, min: 65_536 }
		});
		expect(whole({ about, unit: "milliseconds", min: 1, max: 9999 })).toMatchObject({
			takes: "a whole number of milliseconds, from 1 to 9,999",
			rule: { min: 1, max: 9999 }
		});
	});

	it("takes 0 or more, and says what 0 means", () => {
		expect(whole({ about, unit: "milliseconds", zero: "never" })).toMatchObject({
			takes: "a whole number of milliseconds, 0 or more (0 = never)",
			rule: { min: 0 },
			off: 0
		});
	});
});

describe("the spec of several values", () => {
	it("has the same values in its rule and in its text", () => {
		expect(oneOf([true, "a", "b"], { about })).toMatchObject({
			takes: 'true, "a" or "b"',
			rule: { type: "enum", values: [true, "a", "b"] }
		});
	});
});

describe("the spec of a group", () => {
	const spec = group<{ size: number; name: string }>(
		{
			size: whole({ about, unit: "bytes", default: 7, min: 1 }),
			name: text({ about, default: "x", takes: "a name" })
		},
		{ about, says: ({ size, name }) => `bytes, ${size}; and ${name}` }
	);

	it("has the rules, the defaults and the texts of its fields", () => {
		expect(spec).toMatchObject({
			default: { size: 7, name: "x" },
			takes: "{ size, name }: bytes, 1 or more; and a name",
			rule: {
				type: "object",
				strict: true,
				props: { size: { type: "number", integer: true, min: 1 }, name: { type: "string" } }
			}
		});
	});

	it("may be null, which has a stated meaning, and has its check for everything else", () => {
		const checked = orNull({ ...spec, check: ({ size }) => size < 9 }, "none");

		expect(checked.takes).toMatch(/; or null for none$/);
		expect(checked.rule).toMatchObject({ nullable: true });
		expect(
			[null, { size: 8, name: "" }, { size: 9, name: "" }].map(checked.check as never)
		).toEqual([true, true, false]);
	});
});

describe("the spec of an option that may be left out", () => {
	it("keeps its default, or has none if something else applies", () => {
		const spec = whole({ about, unit: "bytes", default: 7 });

		expect(optional(spec)).toMatchObject({ default: 7, rule: { optional: true } });
		expect(optional(spec, "any")).toMatchObject({ default: undefined, otherwise: "any" });
	});
});

/** Each where its group is given at all: nothing safe could be assumed. */
const REQUIRED = ["url", "inspector.path", "inspector.authorize"];

describe.each<[string, Readonly<Record<string, AnySpec>>]>([
	["SseMixin", SSE_MIXIN_OPTIONS],
	["SseMiddleware", SSE_MIDDLEWARE_OPTIONS],
	["stream", RABBITMQ_OPTIONS]
])("every option of %s, and of its groups", (_, specs) => {
	const all = Object.entries(specs).flatMap(([name, spec]): [string, AnySpec][] => [
		[name, spec],
		...Object.entries(spec.fields ?? {}).map(([field, of]): [string, AnySpec] => [
			`${name}.${field}`,
			of
		])
	]);

	it.each(all)("%s: is described in one Markdown sentence, without a full stop", (__, spec) => {
		expect(spec.about).toMatch(/^(?:[a-z[`]|TLS).*[^.]$/);
	});

	it.each(all)("%s: has a default, or may be left out, or is required", (name, spec) => {
		const isRequired = spec.default === undefined && spec.rule.optional !== true;
		expect(isRequired).toBe(REQUIRED.includes(name));
		if (spec.rule.optional !== true) expect(spec.otherwise).toBeUndefined();
	});
});
