import { LateErrors } from "./late-errors.ts";

/** Fails a run for errors that occurred after their test file was over, and reports them at its end, and in its JSON. */
export default class LateErrorsReporter {
	#recorder: LateErrors | undefined;
	#errors: readonly string[] = [];

	onRunStart(): void {
		this.#recorder = new LateErrors();
	}

	/** @param results Jest writes all that it has into its JSON; `.ci/count.mjs` counts from there */
	async onRunComplete(
		_: unknown,
		results: object & { lateErrors?: readonly string[] }
	): Promise<void> {
		this.#errors = (await this.#recorder?.take()) ?? [];
		results.lateErrors = this.#errors;
		for (const text of this.#errors) process.stderr.write(`\n${text}\n`);
	}

	getLastError(): Error | undefined {
		return this.#errors.length === 0 ? undefined : new Error(this.#errors.join("\n"));
	}
}
