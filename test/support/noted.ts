/** Asserts; what fails says under which circumstances, or what there was beside it. */
export function noted(note: string, assert: () => void): void {
	try {
		assert();
	} catch (error) {
		throw new Error(`${note}\n\n${(error as Error).message}`, { cause: error });
	}
}
