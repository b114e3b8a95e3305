import { inspect } from "node:util";
import { TestEnvironment } from "jest-environment-node";
import { Imports } from "./imports.ts";
import { enterFile, fileOfNow, listenBetweenFiles, noteLateError } from "./late-errors.ts";
import { Leftovers } from "./leftovers.ts";
import { createPlainContext } from "./plain-context.ts";
import { plainError } from "./plain-error.ts";
import { RealProcess } from "./real-process.ts";
import { joinErrors } from "./realm.ts";
import { noReason, type SkippableTest, skipInRun } from "./skips.ts";

type Setup = ConstructorParameters<typeof TestEnvironment>;
type Made<Name extends "moduleMocker" | "fakeTimersModern"> = new (
	argument: unknown
) => NonNullable<InstanceType<typeof TestEnvironment>[Name]>;

/** Hooks start and stop processes: they may take longer than tests. */
const HOOK_TIMEOUT = 3 * 60_000;

/** The part of jest-circus that is used. */
interface Test extends SkippableTest {
	fn: (...args: unknown[]) => unknown;
}
interface DescribeBlock {
	readonly hooks: Hook[];
	readonly tests: Test[];
}
interface Hook {
	readonly fn: { readonly name: string };
	timeout: number | undefined;
}
type Event =
	| { name: "setup" | "add_test" | "run_start" | "run_finish" }
	| { name: "hook_start"; hook: Hook }
	| { name: "error"; error: unknown; promise?: Promise<unknown> }
	| { name: "error_handled"; promise: Promise<unknown> }
	| { name: "test_done" | "test_skip" | "test_todo"; test: Test };
interface State {
	testTimeout: number;
	readonly rootDescribeBlock: DescribeBlock;
	readonly currentDescribeBlock: DescribeBlock;
	readonly currentlyRunningTest: Test | null | undefined;
	readonly testNamePattern: RegExp | null | undefined;
	readonly unhandledErrors: unknown[];
	readonly unhandledRejectionErrorByPromise: Map<Promise<unknown>, unknown>;
}

listenBetweenFiles();

/**
 * Jest's environment for Node, in which
 *
 * - Node's own errors are instances of the `Error` that tests see, and `process` is the real process;
 * - whatever a test throws, Jest can report it (see `plainError`);
 * - a file fails if it leaves something running, or if something that it left causes an error, after its last test;
 * - a rejection that is handled only after Node has raised it fails its file like one that never is;
 * - a file whose imports do not end fails, in place of holding up the run;
 * - an even later error fails the run, in the name of its file, whichever file runs by then;
 * - a test may find out that it cannot be run (see `skip`), and a skipped one has to say why;
 * - no test is given a `done`: it is over when its promise is;
 * - the project's `testTimeout` applies, and hooks have more time than tests.
 */
export default class Environment extends TestEnvironment {
	readonly #process: RealProcess = new RealProcess();
	readonly #leftovers: Leftovers = new Leftovers();
	readonly #imports: Imports;
	readonly #rejections: Map<Promise<unknown>, unknown> = new Map();
	readonly #testTimeout: number;
	readonly #path: string;
	readonly #testsDone: Test[] = [];
	#isOver = false;

	constructor(...setup: Setup) {
		super(...setup);
		const [{ projectConfig }, { testPath }] = setup;
		this.#path = testPath;
		enterFile(testPath);
		this.#testTimeout = projectConfig.testTimeout;
		this.#imports = new Imports(this.#testTimeout);
		const { moduleMocker, fakeTimersModern } = this;
		if (moduleMocker === null || fakeTimersModern === null) {
			throw new Error("Jest's own environment is another");
		}
		const global = createPlainContext(this.global) as typeof this.global;
		this.context = global;
		this.global = global;
		global.process = process;
		joinErrors(global);
		this.moduleMocker = new (moduleMocker.constructor as Made<"moduleMocker">)(global);
		this.fakeTimersModern = new (fakeTimersModern.constructor as Made<"fakeTimersModern">)({
			config: projectConfig,
			global
		});
	}

	override async teardown(): Promise<void> {
		this.#imports.end();
		this.#process.restore();
		this.#leftovers.stop();
		await super.teardown();
	}

	async handleTestEvent(event: Event, state: State): Promise<void> {
		switch (event.name) {
			case "setup":
				state.testTimeout = this.#testTimeout;
				return;
			case "add_test":
				withoutDone(state.currentDescribeBlock.tests.at(-1));
				return;
			case "run_start":
				this.#imports.end();
				lastOfAll(state.rootDescribeBlock.hooks, "finishTest");
				return;
			case "hook_start":
				event.hook.timeout ??= HOOK_TIMEOUT;
				return;
			case "test_done":
				skipInRun(event.test);
				makeReportable(event.test.errors);
				this.#testsDone.push(event.test);
				return;
			case "test_skip":
				if (!state.testNamePattern)
					state.unhandledErrors.push(new ErrorOfFile(noReason(event.test)));
				return;
			case "test_todo":
				state.unhandledErrors.push(new ErrorOfFile(noReason(event.test)));
				return;
			case "error":
				if (this.#isOver || (fileOfNow() ?? this.#path) !== this.#path) {
					disown(event, state);
					noteLateError(event.error);
					return;
				}
				if (event.promise) this.#rejections.set(event.promise, event.error);
				return;
			case "error_handled": {
				const { currentlyRunningTest, unhandledErrors } = state;
				if (!this.#rejections.has(event.promise)) return;
				const cause = this.#rejections.get(event.promise);
				this.#rejections.delete(event.promise);
				(currentlyRunningTest?.errors ?? unhandledErrors).push(handledTooLate(cause));
				return;
			}
			case "run_finish": {
				// Jest has examined those of before; it does not look again
				this.#rejections.clear();
				const left = await this.#leftovers.settle();
				if (left.length > 0) state.unhandledErrors.push(stillThere(left));
				state.unhandledErrors.push(...this.#rejections.values());
				this.#isOver = true;
				makeReportable(state.unhandledErrors);
				// a test may have got more errors since
				for (const { errors } of this.#testsDone) makeReportable(errors);
			}
		}
	}
}

/** @param errors as jest-circus has them: some are in an array, with an error that says where the test is */
function makeReportable(errors: unknown[]): void {
	for (const [at, entry] of errors.entries()) {
		errors[at] = Array.isArray(entry) ? entry.map(error => plainError(error)) : plainError(entry);
	}
}

/** Takes back what jest-circus has made of an error: one of the file that runs. */
function disown({ error, promise }: Extract<Event, { name: "error" }>, state: State): void {
	const { unhandledErrors, unhandledRejectionErrorByPromise } = state;
	if (promise) unhandledRejectionErrorByPromise.delete(promise);
	else if (unhandledErrors.at(-1) === error) unhandledErrors.pop();
}

/** A parameter for which a row of `it.each` has no value is undefined, and not a callback to wait for. */
function withoutDone(test: Test | undefined): void {
	if (test === undefined || test.fn.length === 0) return;
	const { fn } = test;
	test.fn = () => fn(undefined);
}

function lastOfAll(hooks: Hook[], name: string): void {
	const at = hooks.findIndex(({ fn }) => fn.name === name);
	if (at !== -1) hooks.push(...hooks.splice(at, 1));
}

/** Jest forgives it, and Node has ended the process by then. */
function handledTooLate(cause: unknown): Error {
	const text = "a rejection was handled only after Node.js had raised it, which ends a process";
	return new ErrorOfFile(`${text}: ${inspect(cause)}`);
}

function stillThere(left: readonly string[]): Error {
	return new ErrorOfFile(
		`the tests are over, and something of theirs still runs: ${left.join(", ")}`
	);
}

/** An error for which no line of code is to blame. */
class ErrorOfFile extends Error {
	constructor(message: string) {
		super(message);
		this.stack = message;
	}
}
