import { expectTypeOf } from "expect-type";
import type { Given, OptionSpec, OptionSpecs } from "../../mixins/sse/core/options/option-spec.ts";
import {
	group,
	oneOf,
	optional,
	orNull,
	text,
	whole
} from "../../mixins/sse/core/options/specs.ts";
import type {
	SseMiddlewareOptions,
	SseMixinOptions,
	SseRabbitmqOptions
} from "../../mixins/sse/index.ts";
import { describe, it } from "../support/type-test.ts";

interface Options {
	path: string | null;
	policy: "a" | "b";
	size: { bytes: number };
	name?: string;
}

const about = "something";
const bytes = whole({ about, unit: "bytes" });
const name = text({ about, takes: "a name" });
const size = group<Options["size"]>({ bytes }, { about, says: () => "" });

describe("the spec of an option", () => {
	it("is of exactly the option's type", () => {
		const specs: OptionSpecs<Options> = {
			path: orNull(name, "none"),
			policy: oneOf(["a", "b"], { about }),
			size,
			name: optional(name)
		};
		expectTypeOf(specs.path).toEqualTypeOf<OptionSpec<string | null>>();
	});

	it("takes null if, and only if, the type does", () => {
		// @ts-expect-error the type takes null
		const less: OptionSpec<string | null> = name;
		// @ts-expect-error the type does not take null
		const more: OptionSpec<string> = orNull(name, "none");
		void [less, more];
	});

	it("takes every value that the type takes, and no other", () => {
		// @ts-expect-error the type takes "b"
		const less: OptionSpec<"a" | "b"> = oneOf(["a"], { about });
		// @ts-expect-error the type does not take "c"
		const more: OptionSpec<"a" | "b"> = oneOf(["a", "b", "c"], { about });
		void [less, more];
	});

	it("may be left out if, and only if, the type says so", () => {
		// @ts-expect-error `name` may be left out
		const less: Pick<OptionSpecs<Options>, "name"> = { name };
		// @ts-expect-error `size` may not
		const more: Pick<OptionSpecs<Options>, "size"> = { size: optional(size) };
		void [less, more];
	});

	it("has a default of the option's type", () => {
		// @ts-expect-error a text
		whole({ about, unit: "bytes", default: "1024" });
		// @ts-expect-error no such value
		oneOf(["a", "b"], { about, default: "c" });
	});

	it("has the fields of the type, if that is a group", () => {
		// @ts-expect-error no field
		group<Options["size"]>({}, { about, says: () => "" });
		// @ts-expect-error another field
		group<Options["size"]>({ bytes, name }, { about, says: () => "" });
		// @ts-expect-error a field of another type
		group<Options["size"]>({ bytes: name }, { about, says: () => "" });
		// @ts-expect-error no group
		const none: Pick<OptionSpecs<Options>, "size"> = { size: { ...size, fields: undefined } };
		void none;
	});
});

describe("options as they are given", () => {
	it("may be left out, in groups too", () => {
		expectTypeOf<Given<Options>>().toEqualTypeOf<{
			path?: string | null;
			policy?: "a" | "b";
			size?: { bytes?: number };
			name?: string;
		}>();
	});

	it("are those of the public types", () => {
		expectTypeOf<SseMixinOptions["history"]>().toEqualTypeOf<
			{ maxBytes?: number; maxAge?: number } | null | undefined
		>();
		expectTypeOf<SseMixinOptions["trustProxy"]>().toEqualTypeOf<
			boolean | number | string | readonly string[] | undefined
		>();
		expectTypeOf<SseMixinOptions["retry"]>().toEqualTypeOf<
			readonly [min: number, max: number] | null | undefined
		>();
		expectTypeOf<SseMiddlewareOptions["limits"]>().toEqualTypeOf<
			{ eventBytes?: number; recipientsPerEvent?: number } | undefined
		>();
		expectTypeOf<SseMiddlewareOptions["stream"]>().toEqualTypeOf<
			SseRabbitmqOptions | null | undefined
		>();
		expectTypeOf<SseRabbitmqOptions["url"]>().toEqualTypeOf<string | readonly string[]>();
		expectTypeOf<SseRabbitmqOptions["outbox"]>().toEqualTypeOf<
			{ maxEvents?: number; maxBytes?: number } | undefined
		>();
	});

	it("name no exchange, which follows from the namespace", () => {
		expectTypeOf<SseRabbitmqOptions>().not.toHaveProperty("exchange");
	});
});
