/** The part of a test that is used, as jest-circus has it. */
export interface SkippableTest {
	readonly name: string;
	readonly parent: DescribeBlock;
	status: "skip" | "done" | null;
	errors: unknown[];
}
interface DescribeBlock {
	readonly name: string;
	readonly parent?: DescribeBlock;
}

/** A test that ended by `skip` is skipped, unless something else has failed as well. */
export function skipInRun(test: SkippableTest): void {
	const reason = test.errors.map(reasonOf).find(text => text !== undefined);
	if (reason === undefined) return;
	test.errors = test.errors.filter(error => reasonOf(error) === undefined);
	if (test.errors.length > 0) return;
	test.status = "skip";
	tellSkipped(test, reason);
}

/** What fails a file in which a test is skipped that does not say why. */
export function noReason(test: SkippableTest): string {
	// Jest reports nothing of a file in which everything is skipped
	tellSkipped(test, "no reason given");
	return "a test is skipped for no reason; `skip` takes one";
}

function reasonOf(error: unknown): string | undefined {
	// jest-circus adds where the test is
	const [thrown] = [error].flat();
	return thrown instanceof Error && thrown.name === "Skipped" ? thrown.message : undefined;
}

function tellSkipped(test: SkippableTest, reason: string): void {
	process.stdout.write(`skipped: ${fullName(test)}: ${reason}\n`);
}

function fullName({ name, parent }: { name: string; parent?: DescribeBlock }): string {
	return parent?.parent === undefined ? name : `${fullName(parent)} ${name}`;
}
