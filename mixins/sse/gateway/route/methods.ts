// biome-ignore lint/suspicious/noExplicitAny: moleculer-web's methods, whatever they take
export type Method = (this: any, ...args: any[]) => any;

/** The methods of a service's schema. */
export type Methods = Record<string, Method | undefined>;

/** Replaces a method, if there is one: moleculer-web 0.10.0 lacks some. */
export function wrap(methods: Methods, name: string, make: (original: Method) => Method): void {
	const original = methods[name];
	if (typeof original === "function") methods[name] = make(original);
}
