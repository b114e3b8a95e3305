/** A job in the queue: a report that a session has asked for. */
export interface ReportJob {
	/** A UUID; however often the job is worked, it makes one report. */
	readonly reportId: string;
	/** Who has asked: this session is told of the report, and may download it. */
	readonly sessionId: string;
	/** Lines of the file. */
	readonly orders: number;
}

/** The schema of `orders`, for Moleculer's validator. */
export const ORDERS = { type: "number", integer: true, min: 1, max: 20_000 } as const;

/** The schema of a job, for Moleculer's validator. */
export const REPORT_JOB: Record<keyof ReportJob, object> = {
	reportId: { type: "uuid" },
	// "*" is everyone, and no session
	sessionId: { type: "string", min: 1, max: 256, pattern: /^(?!\*$)/ },
	orders: ORDERS
};
