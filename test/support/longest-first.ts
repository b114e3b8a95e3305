import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Projects whose files take longest: a file that begins last is waited for by workers that have nothing to do. */
const FIRST: readonly string[] = ["node", "chaos"];

/** Among files that run beside each other, those of the slowest projects begin first. */
export class LongestFirst extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const sorted = await super.sort(files);
		return sorted.sort((a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b));
	}
}

function groupOf({ project }: TestSpecification): number {
	return project.config.sequence.groupOrder;
}

function rankOf({ project }: TestSpecification): number {
	const rank = FIRST.indexOf(project.name);
	return rank === -1 ? FIRST.length : rank;
}
