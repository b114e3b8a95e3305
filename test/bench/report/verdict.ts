import type { Measured, Target } from "../measures/measure.ts";

export interface Verdict {
	readonly measured: string;
	readonly verdict: string;
}

/** Below it, a number is shown with so many more digits. */
const DIGITS: readonly (readonly [number, number])[] = [
	[1, 2],
	[10, 2],
	[100, 1]
];

/** What a measured number means for its target. */
export function judge(target: Target, measured: Measured): Verdict {
	if (typeof measured !== "number") return { measured: "–", verdict: reason(measured) };
	if (Number.isNaN(measured)) return { measured: "–", verdict: "not measurable: no figures" };
	const shown = `${number(measured)}${target.unit}`;
	if (measured > target.mustReach) return { measured: shown, verdict: "**missed**" };
	if (target.aim === undefined) return { measured: shown, verdict: "reached" };
	return { measured: shown, verdict: measured <= target.aim ? "aim reached" : "reached" };
}

/** A bound as the table shows it. */
export function bound(value: number | undefined, unit: string): string {
	return value === undefined ? "–" : `≤ ${number(value)}${unit}`;
}

/** A number with as many digits as are significant. */
export function number(value: number): string {
	if (Number.isNaN(value)) return "–";
	if (Number.isInteger(value)) return value.toLocaleString("en");
	const [, digits = 0] = DIGITS.find(([limit]) => Math.abs(value) < limit) ?? [];
	return value.toLocaleString("en", {
		minimumFractionDigits: digits,
		maximumFractionDigits: digits
	});
}

function reason({ reason }: { reason: string }): string {
	return `not measurable: ${reason}`;
}
