import { LateErrors } from "./late-errors.ts";

/** Fails a run for errors that occurred after their test file was over, and reports them at its end. */
export default class LateErrorsReporter {
	#errors: LateErrors | undefined;
	#text = "";

	onRunStart(): void {
		this.#errors = new LateErrors();
	}

	async onRunComplete(): Promise<void> {
		this.#text = (await this.#errors?.take()) ?? "";
		if (this.#text !== "") process.stderr.write(`\n${this.#text}`);
	}

	getLastError(): Error | undefined {
		return this.#text === "" ? undefined : new Error(this.#text);
	}
}
