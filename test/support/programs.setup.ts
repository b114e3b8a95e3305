import type { TestProject } from "vitest/node";
import { bringPrograms } from "./programs.ts";
import "./provided.ts";

/** Once a run: the programs, for tests that start their own RabbitMQ. */
export default async function setup(project: TestProject): Promise<void> {
	project.provide("programs", await bringPrograms());
}
