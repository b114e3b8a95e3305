import fc from "fast-check";

/** Any well-formed text without the characters that end a field, of every class of code point. */
export const fieldText: fc.Arbitrary<string> = fc
	.string({ unit: "binary", minLength: 1, maxLength: 60 })
	.filter(text => text.isWellFormed() && !/[\r\n\0]/.test(text));

/** Text that is good as an event name. */
export const eventName: fc.Arbitrary<string> = fieldText.filter(
	name => name.length <= 128 && !name.startsWith("sse.")
);

/** Any string at all: lone surrogates, control characters, line separators, byte order marks. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
	fc.string({ unit: "binary" }),
	fc.string({
		unit: fc.constantFrom(
			"\r",
			"\n",
			"\0",
			"\u2028",
			"\u2029",
			"\u0085",
			"\uFEFF",
			"\uD800",
			"a",
			":"
		)
	})
);

/** Names that mean something to JavaScript objects, and must mean nothing here. */
export const trickyKey: fc.Arbitrary<string> = fc.constantFrom(
	"__proto__",
	"constructor",
	"toString",
	"hasOwnProperty"
);
