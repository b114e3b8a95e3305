import type { AnySpec, GroupSpec, OptionSpec, OptionSpecs } from "./option-spec.ts";

/** What every kind of option is given, see {@link OptionSpec}. */
type About<Value> = Pick<OptionSpec<Value>, "about" | "default">;

/** A whole number of `unit`, `min` (0 if left out) or more, up to `max` if there is one. */
export function whole(
	given: About<number> & { unit: string; min?: number; max?: number; zero?: string }
): OptionSpec<number> {
	const { min = 0, max, zero, ...rest } = given;
	const least = min.toLocaleString("en");
	const off = zero === undefined ? "" : ` (0 = ${zero})`;
	const range =
		max === undefined
			? `${least} or more${off}`
			: `from ${least} to ${max.toLocaleString("en")}${off}`;
	return {
		...rest,
		zero,
		off: zero === undefined ? undefined : 0,
		range,
		takes: `a whole number of ${given.unit}, ${range}`,
		rule: { type: "number", integer: true, min, ...(max === undefined ? {} : { max }) }
	};
}

/** One of several values. */
export function oneOf<const Values extends readonly (string | boolean)[]>(
	values: Values,
	given: About<NoInfer<Values[number]>>
): OptionSpec<Values[number]> {
	const texts = values.map(value => JSON.stringify(value));
	const takes = `${texts.slice(0, -1).join(", ")} or ${texts.at(-1)}`;
	return { ...given, takes, range: takes, rule: { type: "enum", values: [...values] } };
}

/** A text that matches the pattern, or has the least length. */
export function text(
	given: About<string> & { takes: string; pattern?: RegExp; min?: number }
): OptionSpec<string> {
	const { pattern, min, ...rest } = given;
	const rule = { type: "string", ...(pattern && { pattern }), ...(min && { min }) };
	return { ...rest, range: given.takes, rule };
}

/** A function; `takes` describes its parameters and its result. */
export function func<Func>(given: About<Func> & { takes: string }): OptionSpec<Func> {
	return { ...given, range: given.takes, rule: { type: "function" } };
}

/** An object with arbitrary keys. */
export function record<Value extends Readonly<Record<string, unknown>>>(
	given: About<Value> & { takes: string }
): OptionSpec<Value> {
	return { ...given, range: given.takes, rule: { type: "object" } };
}

/**
 * Options that belong together, given in part or whole. The group's default consists of its fields' defaults.
 *
 * @param given `says` writes what the group takes, from what each field takes; `names` replaces the fields' names in that text.
 */
export function group<Group extends object>(
	fields: OptionSpecs<Group>,
	given: {
		about: string;
		says: (ranges: Record<keyof Group, string>) => string;
		names?: string;
		check?: (value: Group) => boolean;
	}
): GroupSpec<Group> {
	const { says, names = Object.keys(fields).join(", "), ...rest } = given;
	const specs: Readonly<Record<string, AnySpec>> = fields;
	const of = (part: (spec: AnySpec) => unknown) =>
		Object.fromEntries(
			Object.entries(specs)
				.map(([name, spec]) => [name, part(spec)])
				.filter(([, value]) => value !== undefined)
		);
	const takes = `{ ${names} }: ${says(of(({ range }) => range) as Record<keyof Group, string>)}`;
	return {
		...rest,
		fields,
		takes,
		range: takes,
		default: of(spec => spec.default) as Group,
		rule: { type: "object", strict: true, props: of(({ rule }) => rule) }
	};
}

/** The same, or null, which means `nothing`. */
export function orNull<Group>(spec: GroupSpec<Group>, nothing: string): GroupSpec<Group | null>;
export function orNull<Value>(spec: OptionSpec<Value>, nothing: string): OptionSpec<Value | null>;
export function orNull(spec: AnySpec, nothing: string): AnySpec {
	const { check } = spec;
	const or = `${spec.fields === undefined ? "," : ";"} or null for ${nothing}`;
	return {
		...spec,
		nothing,
		off: null,
		takes: spec.takes + or,
		range: spec.range + or,
		rule: { ...spec.rule, nullable: true },
		check: check && (value => value === null || check(value))
	};
}

/** The same, or left out: then `otherwise` applies, or else the default. */
export function optional<Group>(
	spec: GroupSpec<Group>,
	otherwise?: string
): GroupSpec<Group | undefined>;
export function optional<Value>(
	spec: OptionSpec<Value>,
	otherwise?: string
): OptionSpec<Value | undefined>;
export function optional(spec: AnySpec, otherwise?: string): AnySpec {
	const rule = { ...spec.rule, optional: true };
	return otherwise === undefined
		? { ...spec, rule }
		: { ...spec, rule, otherwise, default: undefined };
}
