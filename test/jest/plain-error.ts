import { inspect } from "node:util";

/** What is not among a plain error's other properties. */
const OWN: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);

/**
 * What a test has thrown, as something that can be sent to Jest's own process and written into its report: the same name,
 * message, stack, cause and errors, and of its other properties those that are JSON.
 *
 * Jest copies all properties, so that a circular one, such as a Moleculer service that was compared, loses the report of the whole
 * run, and one that cannot be read holds up its worker.
 *
 * @param within the errors whose cause it is, or that contain it
 */
export function plainError(thrown: unknown, within: readonly unknown[] = []): unknown {
	if (typeof thrown !== "object" || thrown === null) return thrown;
	if (within.includes(thrown)) return "[Circular]";
	const nested = (error: unknown) => plainError(error, [...within, thrown]);

	const message = read(thrown, "message");
	const stack = read(thrown, "stack");
	if (typeof stack !== "string") {
		// Jest makes an error of what has neither, and says where the test is
		return message ? { message: textOf(message), ...jsonOf(thrown) } : thrown;
	}
	const name = read(thrown, "name");
	const plain = withHidden(new Error(textOf(message ?? "")), {
		stack,
		name: textOf(name ?? "Error")
	});
	const cause = read(thrown, "cause");
	if (cause !== undefined) withHidden(plain, { cause: nested(cause) });
	const errors = read(thrown, "errors");
	if (Array.isArray(errors)) withHidden(plain, { errors: errors.map(nested) });
	return Object.assign(plain, jsonOf(thrown));
}

/** The properties that are JSON; a function, for example, is not. */
function jsonOf(thrown: object): Record<string, unknown> {
	const json: Record<string, unknown> = {};
	for (const name of Object.keys(thrown)) {
		if (OWN.has(name)) continue;
		try {
			json[name] = JSON.parse(JSON.stringify(Reflect.get(thrown, name)));
		} catch {
			// circular, not readable, or nothing that JSON has
		}
	}
	return json;
}

/** Undefined if it cannot be read. */
function read(thrown: object, name: string): unknown {
	try {
		return Reflect.get(thrown, name);
	} catch {
		return undefined;
	}
}

function textOf(value: unknown): string {
	return typeof value === "string" ? value : inspect(value);
}

/** Gives an error properties that Jest does not copy, like those that an error has by itself. */
function withHidden(error: Error, properties: Record<string, unknown>): Error {
	for (const [name, value] of Object.entries(properties)) {
		Object.defineProperty(error, name, { value, configurable: true, writable: true });
	}
	return error;
}
