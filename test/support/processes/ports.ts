import { createServer } from "node:net";

/**
 * Below every usual ephemeral range: a port in that range may be taken by any outgoing connection while its server restarts,
 * and a client that keeps connecting to it may even reach itself.
 */
const FIRST = 12_000;
const LAST = 32_000;
/** Most test files that run at a time: each has a range to choose from, because a chosen port may not be in use yet. */
const PARTS = 8;
const PART = (LAST - FIRST) / PARTS;

/** Given out before: the server that got one may not listen yet. */
const given = new Set<number>();

/** Ports on which nothing listens on any address now; none is given out twice by one process. */
export async function freePorts(count: number): Promise<number[]> {
	const ports = new Set<number>();
	// the number of Jest's worker, from 1; 0 is Jest itself, or no Jest
	const first = FIRST + PART * (Number(process.env.JEST_WORKER_ID ?? 0) % PARTS);
	for (let attempt = 0; ports.size < count; attempt++) {
		if (attempt > 200 + count) throw new Error(`no ${count} free ports from ${first} on`);
		const port = first + Math.floor(Math.random() * PART);
		if (given.has(port)) continue;
		given.add(port);
		if (await isFree(port)) ports.add(port);
	}
	return [...ports];
}

/** One port on which nothing listens on any address now. */
export async function freePort(): Promise<number> {
	const [port] = await freePorts(1);
	if (port === undefined) throw new Error("no free port");
	return port;
}

function isFree(port: number): Promise<boolean> {
	return new Promise(resolve => {
		const probe = createServer();
		probe.once("error", () => resolve(false));
		probe.listen(port, () => probe.close(() => resolve(true)));
	});
}
