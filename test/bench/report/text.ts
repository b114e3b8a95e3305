import type { Table } from "../measures/measure.ts";
import { number } from "./verdict.ts";

/** A table for a terminal. A row that has only a reason after its name is not aligned. */
export function textTable({ columns, rows }: Table): string {
	const cells = [columns, ...rows].map(row =>
		row.map(cell => (typeof cell === "number" ? number(cell) : cell.replaceAll("**", "")))
	);
	const full = cells.filter(row => row.length === columns.length);
	const widths = columns.map((_, at) => Math.max(...full.map(row => row[at]?.length ?? 0)));
	return cells
		.map(row =>
			row
				.map((cell, at) => pad(cell, widths[at] ?? 0, at))
				.join("  ")
				.trimEnd()
		)
		.join("\n");
}

/** Names to the left, figures to the right. */
function pad(cell: string, width: number, column: number): string {
	return column > 0 && /^[\d–≤]/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
}
