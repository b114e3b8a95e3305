/** Keeps the process from doing anything else, as a long computation does. */
export function block(milliseconds: number): void {
	const until = performance.now() + milliseconds;
	while (performance.now() < until);
}
