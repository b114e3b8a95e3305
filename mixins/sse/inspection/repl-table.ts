/** A table in plain text: columns as wide as their contents, up to {@link WIDEST}. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const lines = [head, ...rows].map(cells => cells.map(clip));
	const widths = head.map((_, column) =>
		Math.max(...lines.map(cells => (cells[column] ?? "").length))
	);
	return lines
		.map(cells =>
			cells
				.map((cell, column) => cell.padEnd(widths[column] ?? 0))
				.join("  ")
				.trimEnd()
		)
		.join("\n");
}

/** Most characters of a cell. */
const WIDEST = 48;

/** Text from others may contain anything, even what moves a terminal's cursor. */
function clip(text: string): string {
	const shown = plain(text);
	return shown.length > WIDEST ? `${shown.slice(0, WIDEST - 1)}…` : shown;
}

/** Replaces control characters, which a terminal takes for commands. */
export function plain(text: string): string {
	return text.replaceAll(/\p{Cc}/gu, "\u{FFFD}");
}

/** A number and what it counts: "1 stream", "2 streams". */
export function several(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Milliseconds in a unit that is easy to read. */
export function duration(ms: number): string {
	if (ms < 1000) return `${Math.round(ms)} ms`;
	if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
	if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
	return `${Math.round(ms / 3_600_000)} h`;
}

/** Bytes in a unit that is easy to read. */
export function size(bytes: number): string {
	if (bytes < 1024) return `${bytes} B`;
	if (bytes < 1_048_576) return `${(bytes / 1024).toFixed(1)} KiB`;
	return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
