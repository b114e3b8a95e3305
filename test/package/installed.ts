import { afterAll, beforeAll } from "@jest/globals";
import { inject } from "../support/provided.ts";
import { type Plan, Project } from "./project.ts";

/** Creates a project, with the packed package, before the tests of a suite, and removes it after them. */
export function installed(plan: Plan): () => Project {
	let project: Project;
	beforeAll(async () => {
		project = await Project.create({ ...plan, packages: [inject("tarball"), ...plan.packages] });
	});
	afterAll(() => project?.remove());
	return () => project;
}
