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
		for (const name of process.eventNames()) {
			const before = this.#listeners.get(name) ?? [];
			for (const listener of process.rawListeners(name)) {
				if (!before.includes(listener)) process.removeListener(name, listener as () => void);
			}
		}
	}
}
