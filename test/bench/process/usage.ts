import { readFileSync } from "node:fs";

/** What a process has used: microseconds of CPU since its start, and bytes now. */
export interface Usage {
	readonly cpu: number;
	readonly rss: number;
	/** Undefined for anything but a Node process. */
	readonly heap?: number;
}

export interface UsageOptions {
	/** Collect garbage first: for memory, never within a measurement of CPU. */
	readonly collect?: boolean;
}

/** This process's own. */
export function ownUsage({ collect = false }: UsageOptions = {}): Usage {
	if (collect) {
		for (let n = 0; n < 3; n++) globalThis.gc?.();
	}
	const { user, system } = process.cpuUsage();
	const { rss, heapUsed } = process.memoryUsage();
	return { cpu: user + system, rss, heap: heapUsed };
}

/** Microseconds of one tick of `/proc/<pid>/stat`: Linux shows a hundred per second, whatever it counts. */
const TICK = 10_000;

/** The usage of a process that cannot be asked, as Linux shows it. */
export function usageOf(pid: number): Usage {
	const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
	// after the name, which may contain anything: the 12th and 13th are utime and stime
	const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
	return {
		cpu: (Number(fields[11]) + Number(fields[12])) * TICK,
		rss: Number(kilobytes) * 1024
	};
}
