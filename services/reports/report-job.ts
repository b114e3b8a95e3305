/** A report that somebody waits for: what stands in the queue. */
export interface ReportJob {
	/** A UUID; however often the job is worked, it makes one report. */
	readonly reportId: string;
	/** Whose it is: told of it, and let download it. */
	readonly sessionId: string;
	/** Lines of the file. */
	readonly orders: number;
}

/** Of a report's orders, for Moleculer's validator. */
export const ORDERS = { type: "number", integer: true, min: 1, max: 20_000 } as const;

/** Of a job, for Moleculer's validator. */
export const REPORT_JOB: Record<keyof ReportJob, object> = {
	reportId: { type: "uuid" },
	sessionId: { type: "string", min: 1, max: 256 },
	orders: ORDERS
};
