import { lateErrors } from "./late-errors.ts";
import { RunFolder } from "./run-folder.ts";
import { deaths } from "./worker-life.ts";

/** Fails a run for errors that occurred after their test file was over, and for workers that died, and reports them at its end, and in its JSON. */
export default class LateErrorsReporter {
	#folder: RunFolder | undefined;
	#errors: readonly string[] = [];

	onRunStart(): void {
		this.#folder = new RunFolder();
	}

	/** @param results Jest writes all that it has into its JSON; `.ci/count.mjs` counts from there */
	async onRunComplete(
		_: unknown,
		results: object & { lateErrors?: readonly string[] }
	): Promise<void> {
		if (this.#folder === undefined) return;
		this.#errors = [...lateErrors(this.#folder), ...deaths(this.#folder)];
		await this.#folder.remove();
		results.lateErrors = this.#errors;
		for (const text of this.#errors) process.stderr.write(`\n${text}\n`);
	}

	getLastError(): Error | undefined {
		return this.#errors.length === 0 ? undefined : new Error(this.#errors.join("\n"));
	}
}
