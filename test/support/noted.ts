/** Asserts; a failure says under which circumstances it occurred. */
export function noted(note: string, assert: () => void): void {
	try {
		assert();
	} catch (error) {
		throw new Error(`${note}\n\n${(error as Error).message}`, { cause: error });
	}
}
