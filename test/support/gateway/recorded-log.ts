import { inspect } from "node:util";
import { Loggers } from "moleculer";

type Level = "fatal" | "error" | "warn" | "info" | "debug" | "trace";

export interface LogEntry {
	readonly level: Level;
	/** The module that wrote it: `API`, `BROKER`, … */
	readonly module: string;
	/** Everything that was written, as text. */
	readonly text: string;
}

/** A Moleculer logger that keeps what a broker logs, for tests to examine. */
export class RecordedLog extends Loggers.Base<{ level: Level }> {
	readonly entries: LogEntry[] = [];

	constructor() {
		super({ level: "debug" });
	}

	override getLogHandler({ mod }: { mod: string }) {
		return (level: Level, args: unknown[]): void => {
			const text = args.map(arg => (typeof arg === "string" ? arg : inspect(arg))).join(" ");
			this.entries.push({ level, module: mod.toUpperCase(), text });
		};
	}

	/** The texts of the entries of a level, in the order in which they were written. */
	at(level: Level): string[] {
		return this.entries.filter(entry => entry.level === level).map(({ text }) => text);
	}
}
