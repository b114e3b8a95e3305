/** A value that a sender may give as payload. */
export interface SentPayload {
	readonly name: string;
	/** A new one each time: what serializers do to a value must not show in the next test. */
	make(): unknown;
}

class Account {
	readonly name = "Ada";
	readonly passwordHash = "$2b$secret";

	toJSON(): unknown {
		return { name: this.name };
	}
}

class Decimal {
	readonly digits: string[];
	readonly cache = "internal";

	constructor(text: string) {
		this.digits = [...text];
	}

	toJSON(): string {
		return this.digits.join("");
	}
}

class Counter {
	readonly #count = 7;
	readonly step = 2;

	get count(): number {
		return this.#count;
	}

	next(): number {
		return this.#count + this.step;
	}
}

class Temperature extends Number {}

/** A getter of the object itself, which JSON calls. */
function withGetter(): object {
	return Object.defineProperty({ first: "Ada" }, "full", {
		enumerable: true,
		get: () => "Ada Lovelace"
	});
}

function nested(depth: number): unknown {
	let value: unknown = "core";
	for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
	return value;
}

function sparse(): unknown[] {
	const list: unknown[] = [1];
	list[3] = 4;
	return list;
}

/**
 * Values for which serializers differ from JSON, from each other, and from release to release. The JSON text is what is sent,
 * so that every gateway writes `JSON.stringify(make())`.
 */
export const PAYLOADS: readonly SentPayload[] = [
	{ name: "null", make: () => null },
	{ name: "true", make: () => true },
	{ name: "an empty text", make: () => "" },
	{ name: "a text that looks like JSON", make: () => '{"json":"\\u0000"}' },
	{ name: "a text with every line break", make: () => "a\r\nb\rc\nd\u2028e\u2029f\u0085g\vh\f" },
	{ name: "a text that forges a field", make: () => "x\nevent: other\ndata: forged\n\n" },
	{ name: "control characters, NUL first", make: () => "\0\u0001\b\t\u001f\u007f\u009f" },
	{ name: "quotes and backslashes", make: () => `"\\"'\\\\/` },
	{ name: "a lone high surrogate", make: () => "a\ud800" },
	{ name: "a lone low surrogate, as key too", make: () => ({ "\udc00": "\udfff" }) },
	{ name: "emoji, joined", make: () => "👩‍👩‍👧‍👦 𝒳" },
	{ name: "a byte order mark", make: () => "\ufefftext" },
	{ name: "letters of one byte and of two", make: () => "naïve Ünïcödé żółw" },
	{ name: "letters of three bytes", make: () => "日本語 한국어 ।" },
	{ name: "zero", make: () => 0 },
	{ name: "minus zero", make: () => [-0, { n: -0 }] },
	{ name: "2^53 + 1", make: () => 2 ** 53 + 1 },
	{ name: "past 32 bits, both signs", make: () => [2 ** 31, -(2 ** 31) - 1, 2 ** 32] },
	{ name: "2^63 and 2^64", make: () => [2 ** 63, -(2 ** 63), 2 ** 64] },
	{ name: "1e21", make: () => 1e21 },
	{ name: "the largest and the smallest number", make: () => [Number.MAX_VALUE, 5e-324] },
	{ name: "fractions that are not exact", make: () => [0.1 + 0.2, 1 / 3, 1.1, 16_777_217.5] },
	{ name: "NaN and Infinity", make: () => [Number.NaN, Infinity, { n: -Infinity }] },
	{ name: "boxed primitives", make: () => [Object(1), Object("a"), Object(false)] },
	{ name: "a subclass of Number", make: () => ({ t: new Temperature(21) }) },
	{ name: "a Date", make: () => new Date("2026-01-15T10:24:31.007Z") },
	{ name: "a Date in an object", make: () => ({ at: new Date(0) }) },
	{ name: "an invalid Date", make: () => ({ at: new Date(Number.NaN) }) },
	{ name: "a RegExp", make: () => ({ pattern: /a+/giu }) },
	{ name: "a URL", make: () => ({ link: new URL("https://example.org/a?b=c#d") }) },
	{ name: "an Error", make: () => ({ error: new TypeError("no") }) },
	{ name: "a Map", make: () => new Map([["a", 1]]) },
	{ name: "a Set in a list", make: () => [new Set([1, 2])] },
	{ name: "a WeakMap", make: () => ({ cache: new WeakMap() }) },
	{ name: "a Buffer", make: () => Buffer.from("bytes") },
	{ name: "a Buffer in an object", make: () => ({ file: Buffer.from([0, 255, 128]) }) },
	{ name: "a Uint8Array", make: () => ({ bytes: new Uint8Array([1, 2, 255]) }) },
	{ name: "a Float64Array", make: () => new Float64Array([1.5, Number.NaN]) },
	{ name: "an ArrayBuffer", make: () => ({ raw: new ArrayBuffer(4) }) },
	{ name: "a Promise", make: () => ({ later: Promise.resolve(1) }) },
	{ name: "undefined in an object", make: () => ({ a: undefined, b: 1 }) },
	{ name: "undefined in a list", make: () => [1, undefined, 3] },
	{ name: "a function in an object", make: () => ({ run: () => 1, b: 2 }) },
	{ name: "a function in a list", make: () => [() => 1] },
	{ name: "a symbol as value and as key", make: () => ({ s: Symbol("s"), [Symbol("k")]: 1 }) },
	{ name: "a sparse list", make: sparse },
	{ name: "a list with a member", make: () => Object.assign([1, 2], { extra: 3 }) },
	{ name: "an empty object and an empty list", make: () => [{}, [], [[]], { a: {} }] },
	{
		name: "an object without a prototype",
		make: () => Object.assign(Object.create(null), { a: 1 })
	},
	{ name: "an object that inherits", make: () => Object.create({ inherited: 1 }) },
	{ name: "keys that look like numbers", make: () => ({ b: 1, 2: "two", 1: "one", "-1": 0 }) },
	{ name: "keys of Object.prototype", make: () => JSON.parse('{"__proto__":1,"constructor":2}') },
	{ name: "an empty key", make: () => ({ "": "", " ": " " }) },
	{ name: "a key with line breaks", make: () => ({ "a\nb\r": 1 }) },
	{ name: "toJSON that hides a field", make: () => new Account() },
	{ name: "toJSON deep inside", make: () => ({ orders: [{ by: new Account() }] }) },
	{ name: "toJSON that gives a text", make: () => ({ price: new Decimal("1.10") }) },
	{
		name: "toJSON that takes the key",
		make: () => ({ k: { toJSON: (key: string) => `of ${key}` } })
	},
	{
		name: "toJSON that gives undefined",
		make: () => ({ a: { toJSON() {} }, b: [{ toJSON() {} }] })
	},
	{ name: "a private field and an inherited getter", make: () => new Counter() },
	{ name: "a getter of its own", make: withGetter },
	{ name: "a Proxy", make: () => new Proxy({ a: 1 }, { get: () => 2 }) },
	{
		name: "a member that is not enumerable",
		make: () => Object.defineProperty({}, "a", { value: 1 })
	},
	{ name: "the same object twice", make: () => ((one: object) => [one, one])({ n: 1 }) },
	{
		name: "fields of an event",
		make: () => ({ eventName: "x", sessionId: "*", payload: 1, id: "1" })
	},
	{ name: "a list of a thousand", make: () => Array.from({ length: 1000 }, (_, n) => ({ n })) },
	{ name: "a hundred levels", make: () => nested(100) },
	{ name: "a text of 5,000 characters", make: () => "x".repeat(5000) },
	{ name: "a text of 70,000 characters, not ASCII", make: () => "é€".repeat(35_000) }
];

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

/** Values that JSON cannot carry: their sender is told, and nothing is sent. */
export const REFUSED_PAYLOADS: readonly SentPayload[] = [
	{ name: "undefined", make: () => undefined },
	{ name: "a function", make: () => () => 1 },
	{ name: "a symbol", make: () => Symbol("s") },
	{ name: "a BigInt", make: () => 1n },
	{ name: "a BigInt deep inside", make: () => ({ a: [{ b: 2n ** 64n }] }) },
	{ name: "a cycle", make: () => cyclic },
	{
		name: "toJSON that throws",
		make: () => ({
			toJSON() {
				throw new Error("there is no JSON of it");
			}
		})
	},
	{ name: "toJSON that gives nothing", make: () => ({ toJSON() {} }) },
	{
		name: "a getter that throws",
		make: () =>
			Object.defineProperty({}, "a", {
				enumerable: true,
				get() {
					throw new Error("not today");
				}
			})
	},
	{ name: "levels past the stack", make: () => nested(100_000) },
	{ name: "a revoked Proxy", make: revoked }
];

function revoked(): unknown {
	const { proxy, revoke } = Proxy.revocable({}, {});
	revoke();
	return proxy;
}
