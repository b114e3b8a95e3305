import type { AnySpec, OptionSpecs } from "../core/options/option-spec.ts";
import { FastestValidator } from "./moleculer-values.ts";
import { SseError } from "./sse-error.ts";

type Specs = Readonly<Record<string, AnySpec>>;

/**
 * The options with their defaults, checked with Moleculer's own validator.
 *
 * @param owner Name of the factory, for messages.
 * @param given Its argument.
 * @param settings Plain values from `settings.sse`; they override the argument.
 * @throws SseError `SSE_INVALID_OPTION` that names the option and what it takes.
 */
export function checkOptions<Options extends object>(
	owner: string,
	optionSpecs: OptionSpecs<Options>,
	given: unknown,
	settings?: unknown
): Options {
	const specs: Specs = optionSpecs;
	const options: Record<string, unknown> = {};
	/** What was given for an option. */
	const got: Record<string, unknown> = {};
	for (const [name, spec] of Object.entries(specs))
		if (spec.default !== undefined) options[name] = spec.default;

	for (const [source, values] of [
		[`${owner}()`, given],
		["settings.sse", settings]
	] as const) {
		if (values === undefined || values === null) continue;
		if (typeof values !== "object" || Array.isArray(values)) {
			throw new SseError("SSE_INVALID_OPTION", `${source} takes an object of options.`, { source });
		}
		for (const [name, value] of Object.entries(values)) {
			const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
			if (spec === undefined) throw unknownOption(source, name, specs);
			if (spec.private && source === "settings.sse") throw refused(source, name, spec, value);
			if (value === undefined) continue;
			checkFields(source, name, spec, value);
			const before = isPlainObject(options[name]) ? options[name] : spec.default;
			options[name] = merge(before, value);
			got[name] = merge(got[name], value);
		}
	}

	const validator = new FastestValidator();
	for (const [name, spec] of Object.entries(specs)) {
		const value = options[name];
		// The validator treats null like a missing value; here it may be meant to switch something off.
		const right =
			(value !== null || spec.rule.nullable === true) &&
			validator.compile({ value: { ...spec.rule } })({ value: clone(value) }) === true &&
			(value === undefined || (spec.check?.(value as never) ?? true));
		if (!right) throw refused(owner, name, spec, Object.hasOwn(got, name) ? got[name] : value);
	}
	return options as Options;
}

/** Groups such as `buffer` may be given in part: the rest keeps its value. */
function merge(fallback: unknown, value: unknown): unknown {
	if (!isPlainObject(fallback) || !isPlainObject(value)) return value;
	// As with options themselves, undefined counts as left out.
	const given = Object.entries(value).filter(([, field]) => field !== undefined);
	return { ...fallback, ...Object.fromEntries(given) };
}

/** Validators may write into what they check. */
function clone(value: unknown): unknown {
	if (Array.isArray(value)) return [...value];
	return isPlainObject(value) ? { ...value } : value;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
	// Neither an array nor a Date or a Map; of whatever realm, as in Jest.
	return Object.prototype.toString.call(value) === "[object Object]";
}

/** Names a misspelt field of a group. */
function checkFields(source: string, name: string, { fields }: AnySpec, value: unknown): void {
	if (fields === undefined || !isPlainObject(value)) return;
	const known = Object.keys(fields);
	const unknown = Object.keys(value).find(field => !known.includes(field));
	if (unknown === undefined) return;
	throw new SseError(
		"SSE_INVALID_OPTION",
		`${source}: option "${name}" has no "${unknown}"; it takes ${known.join(", ")}.`,
		{ option: name, accepted: known }
	);
}

function unknownOption(source: string, name: string, specs: Specs): SseError {
	const known = Object.keys(specs);
	const remedy = known.length > 0 ? `it takes ${known.join(", ")}` : "it takes no options";
	return new SseError("SSE_INVALID_OPTION", `${source}: unknown option "${name}"; ${remedy}.`, {
		option: name,
		accepted: known
	});
}

function refused(source: string, name: string, spec: AnySpec, value: unknown): SseError {
	const got = spec.secret ? "" : `; got ${show(value)}`;
	return new SseError(
		"SSE_INVALID_OPTION",
		`${source}: option "${name}" takes ${spec.takes}${got}.`,
		{ option: name }
	);
}

function show(value: unknown): string {
	if (typeof value === "function") return "a function";
	if (typeof value === "bigint") return `${value}n`;
	try {
		return (JSON.stringify(value) ?? String(value)).slice(0, 100);
	} catch {
		return "what JSON cannot show";
	}
}
