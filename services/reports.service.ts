import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import {
	type Context,
	Errors,
	type Service,
	type ServiceSchema,
	type ServiceSettingSchema
} from "moleculer";
import { HEADER, orderLine } from "./reports/order-lines.ts";
import { ReportFiles, type WholeReport } from "./reports/report-files.ts";
import { ORDERS, REPORT_JOB, type ReportJob } from "./reports/report-job.ts";
import { type WorkQueue, type WorkQueueSchema, workQueue } from "./work-queue/work-queue.ts";

const { TRANSPORTER = "", STREAM_URL, QUEUE_URL, NAMESPACE } = process.env;
const { REPORTS_FOLDER, REPORT_STEP_MS } = process.env;

/** The RabbitMQ that jobs wait in; null: they wait in this process. */
const QUEUE = QUEUE_URL || (/^amqps?:/.test(TRANSPORTER) ? TRANSPORTER : STREAM_URL) || null;
const QUEUE_NAME = NAMESPACE ? `reports.${NAMESPACE}` : "reports";

/** Orders that are written between two reports of progress. */
const STEP = 250;
/** How often a report is begun before it is given up: it may be what its workers die of. */
const ATTEMPTS = 10;
/** A node that has died is noticed by its missing heartbeats only. Until then, a call that it does not answer is repeated. */
const READING = { timeout: 3000, retryPolicy: { enabled: true, retries: 2 } };
/** Milliseconds that a worker waits after a failed attempt before the job goes back to the queue. */
const RETRY = 1000;

interface Settings extends ServiceSettingSchema {
	/** Milliseconds that a step takes, as if the orders came from a slow database. */
	stepTime: number;
	/** Where the reports are; all workers have to see the same folder. */
	folder: string;
}

interface Methods extends WorkQueue {
	/** Works a job to its end; a job that was worked before continues where that attempt ended. */
	work(job: ReportJob, signal: AbortSignal): Promise<void>;
	/** The content of the file; reports progress before each step. */
	pieces(job: ReportJob, signal: AbortSignal): AsyncGenerator<string>;
	/** Rejects if the event cannot be sent. */
	tell(eventName: string, job: ReportJob, payload?: object): Promise<unknown>;
}

interface State {
	files: ReportFiles;
}

type ReportsService = Service<Settings> & Methods & State;
type SessionContext<Params> = Context<Params, { sessionId?: string; [key: `$${string}`]: unknown }>;

/** A job that was begun too often to be begun again. */
class GivenUp extends Error {}

/** Makes reports on whichever node is free, and tells the session that asked for one how far it is. */
const service: ServiceSchema<Settings, Methods, State> & { queues: unknown } = {
	name: "reports",
	mixins: [workQueue(QUEUE)],
	// a node that knows no gateway yet would tell nobody
	dependencies: TRANSPORTER ? ["api"] : [],

	settings: {
		stepTime: Number(REPORT_STEP_MS || 100),
		folder: REPORTS_FOLDER || fileURLToPath(new URL("../.tmp/reports", import.meta.url))
	},

	queues: {
		[QUEUE_NAME]: {
			// in a RabbitMQ cluster each job is on most of the nodes
			queueOpts: { durable: true, arguments: { "x-queue-type": "quorum" } },
			params: REPORT_JOB,
			handler(job, signal) {
				return this.work(job, signal);
			},
			async errorStrategy(error, job) {
				if (job === undefined) {
					const { data } = error as Partial<Errors.ValidationError>;
					// unlike JSON, it has a limit for how deep it goes
					const why = inspect(data ?? error.message, { breakLength: Infinity }).slice(0, 500);
					this.logger.error(
						`A message in the queue '${QUEUE_NAME}' is no job. It is dropped: ${why}`
					);
					return { requeue: false };
				}
				return { requeue: !(error instanceof GivenUp) };
			}
		} satisfies WorkQueueSchema<ReportJob, ReportsService>
	},

	actions: {
		/** Answers as soon as the job is in the queue; what becomes of it comes by events. */
		create: {
			// `put` gives up earlier, and says why; Moleculer's types do not know this option
			...{ timeout: 15_000 },
			params: { orders: { ...ORDERS, convert: true, default: 5000 } },
			async handler(this: ReportsService, ctx: SessionContext<Pick<ReportJob, "orders">>) {
				const { orders } = ctx.params;
				const job: ReportJob = { reportId: randomUUID(), sessionId: sessionOf(ctx), orders };
				await this.put(QUEUE_NAME, job);
				return { reportId: job.reportId, orders };
			}
		},

		/** The session's reports that can be downloaded. */
		list: {
			...READING,
			handler(this: ReportsService, ctx: SessionContext<unknown>): Promise<WholeReport[]> {
				return this.files.list(sessionOf(ctx));
			}
		},

		/** A report as a stream, from any node that sees the folder, to the session that asked for it. */
		download: {
			...READING,
			params: { reportId: { type: "uuid" } },
			async handler(
				this: ReportsService,
				ctx: SessionContext<Pick<ReportJob, "reportId">>
			): Promise<Readable> {
				const { reportId } = ctx.params;
				const report = await this.files.read(sessionOf(ctx), reportId);
				if (report === null) {
					throw new Errors.MoleculerClientError(
						"You have no such report; reports are removed after an hour.",
						404,
						"NO_REPORT"
					);
				}
				ctx.meta.$responseType = "text/csv; charset=utf-8";
				ctx.meta.$responseHeaders = {
					"Content-Length": report.bytes,
					"Content-Disposition": `attachment; filename="orders-${reportId.slice(0, 8)}.csv"`,
					"Cache-Control": "private, no-store",
					"X-Content-Type-Options": "nosniff"
				};
				return report.content;
			}
		}
	},

	methods: {
		async work(job: ReportJob, signal: AbortSignal): Promise<void> {
			const { sessionId, reportId } = job;
			try {
				if (await this.files.isTold(sessionId, reportId)) return;
				if ((await this.files.size(sessionId, reportId)) === null) {
					await this.files.removeOld().catch(error => {
						this.logger.warn("A report that is over an hour old cannot be removed.", error);
					});
					const attempt = await this.files.begin(sessionId, reportId);
					if (attempt > ATTEMPTS) {
						this.logger.error(`The report ${reportId} is given up after ${ATTEMPTS} attempts.`);
						await this.tell("report-failed", job);
						throw new GivenUp();
					}
					await this.files.write(sessionId, reportId, this.pieces(job, signal));
				}
				const bytes = await this.files.size(sessionId, reportId);
				await this.tell("report-ready", job, { bytes, node: this.broker.nodeID });
				// The job is done: if it went back for this, its session would be told every second.
				await this.files.markTold(sessionId, reportId).catch(error => {
					this.logger.warn(`It cannot be noted that the report ${reportId} was announced.`, error);
				});
			} catch (error) {
				if (signal.aborted || error instanceof GivenUp) throw error;
				this.logger.warn(`The report ${reportId} goes back to the queue.`, error);
				// it comes again at once, perhaps to this worker
				await delay(RETRY, undefined, { signal });
				throw error;
			}
		},

		async *pieces(job: ReportJob, signal: AbortSignal): AsyncGenerator<string> {
			const { reportId, sessionId, orders } = job;
			yield HEADER;
			for (let done = 0; done < orders; done += STEP) {
				// not awaited: if it does not arrive, the next one does
				const payload = { reportId, done, orders, node: this.broker.nodeID };
				this.broker.broadcast("sse.send", { eventName: "report-progress", sessionId, payload });
				await delay(this.settings.stepTime, undefined, { signal });
				const numbers = Array.from(
					{ length: Math.min(STEP, orders - done) },
					(_, n) => done + n + 1
				);
				yield numbers.map(number => orderLine(reportId, number)).join("");
			}
		},

		tell(eventName: string, { sessionId, reportId }: ReportJob, payload?: object) {
			const event = { eventName, sessionId, payload: { reportId, ...payload } };
			return this.broker.broadcast("sse.send", event, { throwError: true });
		}
	},

	created() {
		this.files = new ReportFiles(this.settings.folder);
	}
};

/** Whose streams an action sends to, and whose files it reads. */
function sessionOf({ meta: { sessionId } }: SessionContext<unknown>): string {
	if (sessionId !== undefined) return sessionId;
	throw new Errors.MoleculerClientError("There is no session to report to.", 401, "NO_SESSION");
}

export default service;
