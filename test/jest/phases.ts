/** Projects whose files run at the same time. */
interface Phase {
	/** Those whose files take longest come first: workers that have nothing to do wait for a file that starts last. */
	readonly projects: readonly string[];
	/** Files that start first in their project: they take long although they are small, and Jest starts with large ones. */
	readonly first?: readonly string[];
	/** Files at a time, on two cores. */
	readonly workers: number;
}

/**
 * First what alternately computes and waits, and then what mostly waits, for processes of its own. What is started for one file
 * shares nothing with the others but the machine, and the RabbitMQ of `e2e`, on which namespaces separate them.
 */
export const PHASES: readonly Phase[] = [
	{ projects: ["unit", "types", "integration", "fuzz"], workers: 3 },
	{
		projects: ["node", "chaos", "transporters", "package", "e2e"],
		first: ["test/e2e/reports-rabbitmq.test.ts"],
		workers: 4
	},
	// nothing else runs meanwhile, or else the rest of the tests would be measured
	{ projects: ["guard"], workers: 1 }
];

/** A test file. */
export interface Planned {
	readonly project: string;
	/** Relative to the root of the tree. */
	readonly file: string;
}

/** The files of each phase, in the order in which they start; throws if one has no phase, and would not be run. */
export function plan<T extends Planned>(files: readonly T[]): { files: T[]; workers: number }[] {
	for (const { project } of files) {
		if (PHASES.some(({ projects }) => projects.includes(project))) continue;
		throw new Error(
			`the project "${project}" is in no phase of test/jest/phases.ts: add it to one`
		);
	}
	return PHASES.map(({ projects, first = [], workers }) => {
		const rank = ({ project, file }: Planned) =>
			2 * projects.indexOf(project) + (first.includes(file) ? 0 : 1);
		const own = files.filter(({ project }) => projects.includes(project));
		return { files: own.sort((a, b) => rank(a) - rank(b)), workers };
	});
}
