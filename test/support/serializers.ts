import { createRequire } from "node:module";
import { deserialize, serialize } from "node:v8";
import { Serializers } from "moleculer";

/**
 * V8's own: like binary serializers, it keeps what JSON cannot carry (Map, BigInt, undefined), calls no `toJSON`, shows the
 * fields of class instances, and throws for functions and symbols.
 */
class V8Serializer extends Serializers.Base {
	override serialize(value: object): Buffer {
		return serialize(value);
	}

	override deserialize(bytes: Buffer): object {
		return deserialize(bytes);
	}
}

export interface SerializerCase {
	readonly name: string;
	/** For the broker's options. */
	make(): unknown;
	/** A package that it needs, and that is not installed; undefined if there is none. */
	readonly missing: string | undefined;
}

const require = createRequire(import.meta.url);

/** Serializers of nodes: those that need no package, and Moleculer's others if their packages are installed. */
export const SERIALIZERS: readonly SerializerCase[] = [
	{ name: "JSON", make: () => "JSON", missing: undefined },
	{ name: "JSONExt", make: () => "JSONExt", missing: undefined },
	{ name: "V8", make: () => new V8Serializer(), missing: undefined },
	{ name: "MsgPack", make: () => "MsgPack", missing: missing("msgpack5") },
	{ name: "Notepack", make: () => "Notepack", missing: missing("notepack.io") },
	{ name: "CBOR", make: () => "CBOR", missing: missing("cbor-x") }
];

function missing(name: string): string | undefined {
	try {
		require.resolve(name);
		return undefined;
	} catch {
		return name;
	}
}
