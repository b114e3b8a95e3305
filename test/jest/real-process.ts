/**
 * The process in which a file's tests run, as they see it: Jest's own copy hears no event, including uncaught errors. Takes
 * back what tests have changed in it, for the files that follow.
 */
export class RealProcess {
	readonly #env: NodeJS.ProcessEnv = { ...process.env };
	readonly #exit: typeof process.exit = process.exit;
	readonly #listeners: ReadonlyMap<string | symbol, readonly unknown[]> = new Map(
		process.eventNames().map(name => [name, process.rawListeners(name)])
	);

	restore(): void {
		process.exit = this.#exit;
		for (const name of Object.keys(process.env)) {
			if (!(name in this.#env)) delete process.env[name];
		}
		Object.assign(process.env, this.#env);
		for (const name of new Set([...process.eventNames(), ...this.#listeners.keys()])) {
			const before = this.#listeners.get(name) ?? [];
			const after = process.rawListeners(name);
			for (const listener of after) {
				if (!before.includes(listener)) process.removeListener(name, listener as () => void);
			}
			// what was heard between files is heard again
			for (const listener of before) {
				if (!after.includes(listener as () => void)) process.on(name, listener as () => void);
			}
		}
	}
}
