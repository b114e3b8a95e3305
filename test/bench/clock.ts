/** Microseconds on the clock that all processes of a machine share; it never goes back. */
export function now(): number {
	return Math.round(Number(process.hrtime.bigint()) / 1000);
}
