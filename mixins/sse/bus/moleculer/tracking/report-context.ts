/** How an origin's report is to be understood. */
export interface ReportContext {
	/** Milliseconds by which the report may overtake events; default 500. */
	readonly patience?: number;
	/** Whether it was sent since this gateway may last have been away; default true. */
	readonly isCurrent?: boolean;
	/** Which of the origin's lives it belongs to, as far as that is known: `present` is the one that it leads now. */
	readonly life?: "present" | "former" | undefined;
}
