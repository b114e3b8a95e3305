import fc from "fast-check";

/** Factor of inputs compared with an ordinary run: 1, or what `FUZZ` says. */
export const FACTOR: number = Math.max(1, Number(process.env.FUZZ) || 1);

/** Parameters of a property: so many runs in an ordinary run, more in a long one. */
export function runs(count: number): fc.Parameters<unknown> {
	return { numRuns: count * FACTOR, endOnFailure: false };
}

/** Values of every shape that a message may have, including harmful ones. */
export const anyShape: fc.Arbitrary<unknown> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.anything({ maxDepth: 3, withBigInt: true, withDate: true, withMap: true })
	},
	{
		weight: 1,
		arbitrary: fc
			.constantFrom<() => unknown>(
				cyclic,
				() => deep(5000),
				() => new Array(10_000).fill("carol"),
				() => new Array(50_000),
				() => JSON.parse('{"__proto__": {"sessionId": "*"}}'),
				() => Object.create({ eventName: "news", sessionId: "*", payload: 1 }),
				() => Object.create(null),
				() => new Proxy({}, { ownKeys: fail }),
				() => Object.defineProperty({}, "eventName", { enumerable: true, get: fail }),
				() => Buffer.alloc(1000),
				() => () => "news",
				() => Symbol("news")
			)
			.map(make => make())
	}
);

function cyclic(): object {
	const value: Record<string, unknown> = {};
	value.self = value;
	return value;
}

function deep(depth: number): object {
	let value: object = {};
	for (let n = 0; n < depth; n++) value = { value };
	return value;
}

function fail(): never {
	throw new Error("a trap");
}
