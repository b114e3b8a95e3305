import { setTimeout as delay } from "node:timers/promises";
import type { Logger, ServiceBroker } from "moleculer";
import { HEADER, orderLine } from "./order-lines.ts";
import type { ReportFiles } from "./report-files.ts";
import type { ReportJob } from "./report-job.ts";

/** Orders that are written between two reports of progress. */
const STEP = 250;
/** How often a report is begun before it is given up: it may be what its workers die of. */
const ATTEMPTS = 10;
/** Milliseconds that a worker waits after a failed attempt before the job goes back to the queue. */
const RETRY = 1000;
/** Reports whose failures a worker remembers. */
const REMEMBERED = 1000;

/** A job that was begun too often to be begun again. */
export class GivenUp extends Error {}

/** Makes reports, and tells their sessions how far they are. */
export class ReportWorker {
	readonly #broker: ServiceBroker;
	readonly #logger: Logger;
	readonly #files: ReportFiles;
	readonly #stepTime: number;
	/** Failed attempts here, by report: the folder counts none while it cannot be used. */
	readonly #failures = new Map<string, number>();

	/** @param stepTime milliseconds that a step takes */
	constructor(broker: ServiceBroker, logger: Logger, files: ReportFiles, stepTime: number) {
		this.#broker = broker;
		this.#logger = logger;
		this.#files = files;
		this.#stepTime = stepTime;
	}

	/**
	 * Works a job to its end; a job that was worked before continues where that attempt ended. Rejects if the job has to come
	 * again, or with `GivenUp`.
	 */
	async work(job: ReportJob, signal: AbortSignal): Promise<void> {
		const { sessionId, reportId } = job;
		try {
			const bytes = await this.#make(job, signal);
			if (bytes === null) return;
			await this.#tell("report-ready", job, { bytes, node: this.#broker.nodeID });
			// The job is done: if it went back for this, its session would be told every second.
			await this.#files.markTold(sessionId, reportId).catch(error => {
				this.#logger.warn(`It cannot be noted that the report ${reportId} was announced.`, error);
			});
		} catch (error) {
			if (signal.aborted || error instanceof GivenUp) throw error;
			this.#logger.warn(`The report ${reportId} goes back to the queue.`, error);
			// it comes again at once, perhaps to this worker
			await delay(RETRY, undefined, { signal });
			throw error;
		}
	}

	/** Makes a report that has not been made yet. Resolves with its bytes; null: its session knows of it. */
	async #make(job: ReportJob, signal: AbortSignal): Promise<number | null> {
		const { sessionId, reportId } = job;
		const files = this.#files;
		try {
			if (await files.isTold(sessionId, reportId)) return null;
			if ((await files.size(sessionId, reportId)) === null) await this.#attempt(job, signal);
			return await files.size(sessionId, reportId);
		} catch (error) {
			if (signal.aborted || error instanceof GivenUp) throw error;
			if (this.#countFailure(reportId) < ATTEMPTS) throw error;
			this.#logger.warn(`The report ${reportId} cannot be made.`, error);
			return await this.#giveUp(job);
		}
	}

	async #attempt(job: ReportJob, signal: AbortSignal): Promise<void> {
		const { sessionId, reportId } = job;
		await this.#files.removeOld().catch(error => {
			this.#logger.warn("A report that is over an hour old cannot be removed.", error);
		});
		const attempt = await this.#files.begin(sessionId, reportId);
		if (attempt > ATTEMPTS) await this.#giveUp(job);
		try {
			await this.#files.write(sessionId, reportId, this.#pieces(job, signal));
		} catch (error) {
			// a stop, or a lost connection, says nothing about the report
			if (signal.aborted) await this.#files.takeBack(sessionId, reportId);
			throw error;
		}
	}

	/** The content of the file; reports progress before each step. */
	async *#pieces(job: ReportJob, signal: AbortSignal): AsyncGenerator<string> {
		const { reportId, sessionId, orders } = job;
		yield HEADER;
		for (let done = 0; done < orders; done += STEP) {
			// not awaited: if it does not arrive, the next one does
			const payload = { reportId, done, orders, node: this.#broker.nodeID };
			this.#broker.broadcast("sse.send", { eventName: "report-progress", sessionId, payload });
			await delay(this.#stepTime, undefined, { signal });
			const numbers = Array.from({ length: Math.min(STEP, orders - done) }, (_, n) => done + n + 1);
			yield numbers.map(number => orderLine(reportId, number)).join("");
		}
	}

	async #giveUp(job: ReportJob): Promise<never> {
		const { sessionId, reportId } = job;
		this.#logger.error(`The report ${reportId} is given up after ${ATTEMPTS} attempts.`);
		await this.#files.markFailed(sessionId, reportId).catch(error => {
			this.#logger.warn(`It cannot be noted that the report ${reportId} was given up.`, error);
		});
		await this.#tell("report-failed", job);
		throw new GivenUp();
	}

	/** Rejects if the event cannot be sent. */
	#tell(eventName: string, { sessionId, reportId }: ReportJob, payload?: object): Promise<unknown> {
		const event = { eventName, sessionId, payload: { reportId, ...payload } };
		return this.#broker.broadcast("sse.send", event, { throwError: true });
	}

	#countFailure(reportId: string): number {
		const failures = (this.#failures.get(reportId) ?? 0) + 1;
		this.#failures.set(reportId, failures);
		const [oldest] = this.#failures.keys();
		if (this.#failures.size > REMEMBERED) this.#failures.delete(oldest as string);
		return failures;
	}
}
