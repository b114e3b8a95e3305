/** Keeps the process from doing anything else, like a long computation. */
export function block(milliseconds: number): void {
	const until = performance.now() + milliseconds;
	while (performance.now() < until);
}
