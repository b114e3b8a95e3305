/** How what an origin says of itself is to be understood. */
export interface ReportContext {
	/** Milliseconds for which events may be overtaken by that. */
	readonly patience?: number;
	/** It was said since this gateway may have been away last. */
	readonly isCurrent?: boolean;
	/** Which of the origin's lives says it, as far as that is known: `present` is the one that it leads now. */
	readonly life?: "present" | "former" | undefined;
}
