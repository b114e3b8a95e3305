import type { TestProject } from "vitest/node";
import { tempFolder } from "../support/temp-folder.ts";
import { pack } from "./pack.ts";
import "../support/provided.ts";

/** Once a run, before the first test of the package: it is built and packed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
	const folder = tempFolder("package");
	project.provide("tarball", await pack(folder.path));
	return () => folder.remove();
}
