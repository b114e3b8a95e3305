import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import {
	type Context,
	Errors,
	type Service,
	type ServiceSchema,
	type ServiceSettingSchema
} from "moleculer";
import { ReportFiles, type ReportState } from "./reports/report-files.ts";
import { ORDERS, REPORT_JOB, type ReportJob } from "./reports/report-job.ts";
import { GivenUp, ReportWorker } from "./reports/report-worker.ts";
import { type WorkQueue, type WorkQueueSchema, workQueue } from "./work-queue/work-queue.ts";

const { TRANSPORTER = "", STREAM_URL, QUEUE_URL, NAMESPACE } = process.env;
const { REPORTS_FOLDER, REPORT_STEP_MS } = process.env;

/** The RabbitMQ that jobs wait in; null: they wait in this process. */
const QUEUE = QUEUE_URL || (/^amqps?:/.test(TRANSPORTER) ? TRANSPORTER : STREAM_URL) || null;
const QUEUE_NAME = NAMESPACE ? `reports.${NAMESPACE}` : "reports";

/** A node that has died is noticed by its missing heartbeats only. Until then, a call that it does not answer is repeated. */
const READING = { timeout: 3000, retryPolicy: { enabled: true, retries: 2 } };

interface Settings extends ServiceSettingSchema {
	/** Milliseconds that a step takes, as if the orders came from a slow database. */
	stepTime: number;
	/** Where the reports are; all workers have to see the same folder. */
	folder: string;
}

interface Methods extends WorkQueue {
	/** What comes of reading files. Rejects with an error that does not show clients the server's paths. */
	reading<T>(files: Promise<T>): Promise<T>;
}

interface State {
	files: ReportFiles;
	worker: ReportWorker;
}

type ReportsService = Service<Settings> & Methods & State;
type SessionContext<Params> = Context<Params, { sessionId?: string; [key: `$${string}`]: unknown }>;

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
				return this.worker.work(job, signal);
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

		/** The session's reports that can be downloaded, and those that were given up. */
		list: {
			...READING,
			handler(this: ReportsService, ctx: SessionContext<unknown>): Promise<ReportState[]> {
				return this.reading(this.files.list(sessionOf(ctx)));
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
				const report = await this.reading(this.files.read(sessionOf(ctx), reportId));
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
		async reading<T>(files: Promise<T>): Promise<T> {
			try {
				return await files;
			} catch (error) {
				this.logger.error("The reports cannot be read.", error);
				throw new Errors.MoleculerServerError(
					"The reports cannot be read now: try again later.",
					503,
					"REPORTS_UNAVAILABLE"
				);
			}
		}
	},

	created() {
		const { folder, stepTime } = this.settings;
		this.files = new ReportFiles(folder);
		this.worker = new ReportWorker(this.broker, this.logger, this.files, stepTime);
	},

	async started() {
		await this.files.check().catch(({ message }: Error) => {
			this.logger.error(
				`REPORTS_FOLDER ('${this.settings.folder}') cannot be used: ${message}. Name one that this process may write to; ` +
					"until then no report can be made."
			);
		});
	}
};

/** Whose streams an action sends to, and whose files it reads. */
function sessionOf({ meta: { sessionId } }: SessionContext<unknown>): string {
	if (sessionId !== undefined) return sessionId;
	throw new Errors.MoleculerClientError("There is no session to report to.", 401, "NO_SESSION");
}

export default service;
