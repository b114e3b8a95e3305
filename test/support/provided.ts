import type { Programs } from "./processes/programs.ts";

/** What is set up once per run, for all files of a project. */
export interface Provided {
	/** The RabbitMQ that all end-to-end tests share; they are separated by Moleculer `namespace`. */
	readonly amqpUrl: string;
	/** Where the programs are, for tests that start their own. */
	readonly programs: Programs;
	/** The packed package, beside the `repository` that it was built in. */
	readonly tarball: string;
	/** TypeScript's errors in the tests of types. */
	readonly typeErrors: readonly TypeScriptError[];
}

export interface TypeScriptError {
	/** An absolute path; empty if the error is not in a file. */
	readonly file: string;
	/** From 1. */
	readonly line: number;
	readonly message: string;
}

const variable = (name: string) => `TEST_PROVIDED_${name}`;

/** Passes a value to the tests: workers inherit Jest's environment, and nothing else. */
export function provide<Name extends keyof Provided>(name: Name, value: Provided[Name]): void {
	process.env[variable(name)] = JSON.stringify(value);
}

/** A value that a setup has passed. */
export function inject<Name extends keyof Provided>(name: Name): Provided[Name] {
	const text = process.env[variable(name)];
	if (text === undefined) throw new Error(`no setup of this project provides "${name}"`);
	return JSON.parse(text);
}
