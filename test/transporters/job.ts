import { Cell } from "./cell.ts";
import { limitOf } from "./limits.ts";
import type { Job, Place } from "./matrix.ts";
import { bringMoleculer } from "./releases.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import type { ServerKind } from "./servers/bring.ts";
import type { Server } from "./servers/server.ts";
import type { Shelf } from "./servers/shelf.ts";
import { Stage } from "./stage.ts";
import { TRANSPORTER } from "./transporters.ts";
import { type CellVerdict, isRight } from "./verdict.ts";

/** The result of a cell. */
export interface Result {
	readonly transporter: string;
	readonly version: string;
	readonly variant: string;
	readonly scenario: string;
	/** `limit`: it is not right, and cannot be, because of Moleculer itself. */
	readonly outcome: "ok" | "BROKEN" | "limit" | "skipped";
	/** Why it is not ok, in words. */
	readonly reasons: readonly string[];
	readonly counts: Omit<CellVerdict, "findings"> | null;
	readonly seconds: number;
}

/** Options of brokers for parts that are about the time after which nodes give each other up. */
const IMPATIENT_SENDERS = {
	suspended: {
		sender: { heartbeatInterval: 1, heartbeatTimeout: 3 },
		gateway: { heartbeatInterval: 1, heartbeatTimeout: 12 }
	}
};

export interface Conditions {
	readonly shelf: Shelf;
	/** Milliseconds within which a loss is reported. */
	readonly within: number;
	/** Whether the log of the nodes of a cell that is not ok is printed. */
	readonly showLogs: boolean;
}

/** Plays the scenarios of a job on a stage of their own, and reports each when it is over. */
export async function playJob(
	job: Job,
	conditions: Conditions,
	tell: (result: Result) => void
): Promise<void> {
	const { transporter, variant } = job;
	const possible: Scenario[] = [];
	for (const scenario of job.scenarios) {
		const { shape } = TRANSPORTER[transporter];
		const canCut = shape === "server" || shape === "peers";
		const reason = scenario.impossible?.({ canCut, transporter: TRANSPORTER[transporter] });
		if (reason == null) possible.push(scenario);
		else tell(resultOf(job, scenario, { outcome: "skipped", reasons: [reason] }));
	}
	if (possible.length === 0) return;
	const parts = possible.map(({ part }) => part);
	const own: Server[] = [];
	let stage: Stage | undefined;
	const left = [...possible];
	try {
		const open = async (kind: ServerKind | undefined): Promise<Server | undefined> => {
			if (kind === undefined) return undefined;
			const lack = conditions.shelf.lack(kind);
			if (lack !== null) throw new Missing(lack);
			if (!parts.includes("outage-all")) return conditions.shelf.share(kind);
			const server = await conditions.shelf.take(kind);
			own.push(server);
			return server;
		};
		const gateway = await bringMoleculer(job.version);
		const sender = variant.senders ? await bringMoleculer(variant.senders) : gateway;
		stage = await Stage.start({
			...{ transporter, variant, releases: { gateway, sender } },
			server: await open(TRANSPORTER[transporter].server),
			discoverer: await open(variant.discoverer?.server),
			...(parts.includes("suspended") && { broker: IMPATIENT_SENDERS.suspended })
		});
		for (const scenario of possible) {
			tell(await playCell(job, scenario, stage, conditions));
			left.shift();
		}
	} catch (error) {
		// a stage that cannot be set up is no cell's fault, and leaves no cell unmentioned
		const outcome = error instanceof Missing ? "skipped" : "BROKEN";
		const reasons = [(error as Error).message];
		for (const scenario of left) tell(resultOf(job, scenario, { outcome, reasons }));
	} finally {
		await stage?.stop();
		await Promise.all(own.map(server => server.stop()));
	}
}

/** A server that is not available. */
class Missing extends Error {}

let cells = 0;

async function playCell(
	job: Job,
	scenario: Scenario,
	stage: Stage,
	{ within, showLogs }: Conditions
): Promise<Result> {
	const cell = new Cell(stage, `cell-${++cells}`, within);
	const began = performance.now();
	const reasons: string[] = [];
	try {
		await scenario.play(cell);
	} catch (error) {
		reasons.push(`did not come to its end: ${(error as Error).message}`);
	}
	const { findings, ...counts } = cell.verdict;
	cell.close();
	reasons.push(...findings, ...cell.untruths);
	const { mayLose = false } = scenario;
	if (counts.told > 0 && !mayLose) {
		reasons.push(
			`${counts.told} events were lost without a fault, and told by ${counts.resets} resets`
		);
	}
	const isOk = reasons.length === 0 && isRight(counts, mayLose);
	if (!isOk && showLogs) console.log(stage.log);
	const seconds = Math.round(performance.now() - began) / 1000;
	return resultOf(job, scenario, { outcome: isOk ? "ok" : "BROKEN", reasons, counts, seconds });
}

function resultOf(
	{ transporter, version, variant }: Place,
	{ name }: Scenario,
	what: Pick<Result, "outcome" | "reasons"> & Partial<Result>
): Result {
	const limit = limitOf({ transporter, version, variant }, name);
	return {
		...{ transporter, version, variant: variant.name, scenario: name, counts: null, seconds: 0 },
		...what,
		...(what.outcome === "BROKEN" && limit && { outcome: "limit", reasons: [limit.reason] })
	};
}
