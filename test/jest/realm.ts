import { types } from "node:util";

/** Kinds of errors that Node itself throws. */
const KINDS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/**
 * Makes errors of one realm instances of the other's constructors.
 *
 * Jest runs tests in a realm of their own: what Node's core throws is an instance of another `Error`, and what a test throws is
 * not one for Node's core, which wraps it before it emits it.
 */
export function joinErrors(realm: object): void {
	for (const [name, outer] of Object.entries(KINDS)) {
		const inner: ErrorConstructor = Reflect.get(realm, name);
		accept(inner, outer);
	}
	accept(Error, null);
}

function accept(kind: ErrorConstructor, other: ErrorConstructor | null): void {
	const isBase = kind.name === "Error";
	Object.defineProperty(kind, Symbol.hasInstance, {
		configurable: true,
		value(this: unknown, value: unknown): boolean {
			if (Function.prototype[Symbol.hasInstance].call(this as never, value)) return true;
			// classes of errors inherit this
			if (this !== kind) return false;
			return isBase ? types.isNativeError(value) : value instanceof (other as ErrorConstructor);
		}
	});
}
