import vm from "node:vm";

/**
 * A realm that has what another one has.
 *
 * Jest's own is behind an object that is asked for each global, at each use: `Map` or `Math.max` in a loop is a hundred times
 * slower there. A plain realm has globals like any program.
 */
export function createPlainContext(like: object): typeof globalThis {
	// without an object, the context is the global object itself
	const context = vm.createContext(vm.constants.DONT_CONTEXTIFY) as typeof globalThis;
	for (const name of Reflect.ownKeys(like)) {
		if (Object.hasOwn(context, name) && !SHARED.has(name)) continue;
		const descriptor = Object.getOwnPropertyDescriptor(like, name);
		if (descriptor !== undefined)
			Object.defineProperty(context, name, lazily(like, name, descriptor));
	}
	return Object.assign(context, { global: context });
}

/** From the realm of Node's core, like its buffers. */
const SHARED: ReadonlySet<string | symbol> = new Set(["ArrayBuffer", "Uint8Array"]);

/** What Jest, or Node, creates only on demand is created only then. */
function lazily(
	like: object,
	name: string | symbol,
	{ get, set, ...descriptor }: PropertyDescriptor
): PropertyDescriptor {
	if (get === undefined) return { ...descriptor, configurable: true };
	const { enumerable = false } = descriptor;
	const define = (context: object, value: unknown) =>
		Object.defineProperty(context, name, { value, enumerable, configurable: true, writable: true });
	return {
		enumerable,
		configurable: true,
		get(this: object) {
			const value = Reflect.get(like, name);
			define(this, value);
			return value;
		},
		set(this: object, value: unknown) {
			define(this, value);
		}
	};
}
