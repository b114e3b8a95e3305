/** The questions that a process of the benchmark answers. */
// biome-ignore lint/suspicious/noExplicitAny: each process has questions of its own
export type Questions = Record<string, (...args: any[]) => unknown>;

/** A question under way; without an id nobody waits for the answer. */
export interface Question {
	readonly id?: number;
	readonly name: string;
	readonly args: readonly unknown[];
}

export interface Answer {
	readonly id: number;
	readonly value?: unknown;
	readonly error?: string;
}

/** Answers what the process that started this one asks, and ends with it. */
export function answer(questions: Questions): void {
	process.on("disconnect", () => process.exit());
	process.on("message", async ({ id, name, args }: Question) => {
		if (id === undefined) {
			questions[name]?.(...args);
			return;
		}
		const reply = (answer: Answer) => process.send?.(answer);
		try {
			reply({ id, value: await questions[name]?.(...args) });
		} catch (error) {
			reply({ id, error: (error as Error).message });
		}
	});
	process.send?.("ready");
}
