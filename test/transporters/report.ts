import type { Result } from "./job.ts";

/** The table of a run: a row for each kind of cluster and scenario. */
export function table(results: readonly Result[]): string {
	const head = [
		...["transporter", "moleculer", "variant", "scenario", ""],
		...["events", "delivered", "told", "lost", "resets", "false", "repeats", "s"]
	];
	const rows = results.map(
		({ transporter, version, variant, scenario, outcome, counts, seconds }) => [
			...[transporter, version, variant, scenario, outcome],
			...(counts === null
				? []
				: [
						...[counts.events, counts.delivered, counts.told, counts.lost],
						...[counts.resets, counts.falseResets, counts.repeats, Math.round(seconds)]
					].map(String))
		]
	);
	return aligned([head, ...rows]);
}

function aligned(rows: readonly (readonly string[])[]): string {
	const widths = (rows[0] ?? []).map((_, column) =>
		Math.max(...rows.map(row => row[column]?.length ?? 0))
	);
	return rows
		.map(row =>
			row
				.map((cell, column) => cell.padEnd(widths[column] ?? 0))
				.join("  ")
				.trimEnd()
		)
		.join("\n");
}

/** One line for people, about a cell. */
export function line({
	transporter,
	version,
	variant,
	scenario,
	outcome,
	reasons
}: Result): string {
	const where = [transporter, version, variant, scenario].filter(Boolean).join(", ");
	const [first, ...more] = reasons;
	const rest = more.length > 0 ? ` (and ${more.length} more)` : "";
	return `${outcome}: ${where}${first === undefined ? "" : `: ${first}${rest}`}`;
}

/** What is not ok, and why: all reasons of what is broken, then each limit and each reason to skip once. */
export function explanation(results: readonly Result[]): string {
	const broken = results.filter(({ outcome }) => outcome === "BROKEN");
	const parts = broken.map(result => {
		const reasons = result.reasons.slice(0, 8).map(reason => `    ${clip(reason)}`);
		const more = result.reasons.length - reasons.length;
		return [
			line({ ...result, reasons: [] }),
			...reasons,
			...(more > 0 ? [`    and ${more} more`] : [])
		].join("\n");
	});
	for (const outcome of ["limit", "skipped"] as const) {
		const byReason = Map.groupBy(
			results.filter(result => result.outcome === outcome),
			({ reasons }) => reasons.join("; ")
		);
		for (const [reason, these] of byReason) {
			const where = these.map(({ transporter, scenario }) => `${transporter}: ${scenario}`);
			parts.push(`${outcome}: ${reason}\n    ${[...new Set(where)].join(", ")}`);
		}
	}
	return parts.join("\n");
}

const clip = (text: string): string => (text.length < 400 ? text : `${text.slice(0, 400)} …`);

/** `3 ok, 1 BROKEN, …`. */
export function summary(results: readonly Result[]): string {
	const counts = Map.groupBy(results, ({ outcome }) => outcome);
	return [...counts].map(([outcome, these]) => `${these.length} ${outcome}`).join(", ");
}
