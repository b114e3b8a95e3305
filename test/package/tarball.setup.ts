import { onRunFinished } from "../jest/teardown.ts";
import { provide } from "../support/provided.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { pack } from "./pack.ts";

/** Once per run, before the first test of the package: builds and packs it. */
export default async function setup(): Promise<void> {
	const folder = tempFolder("package");
	onRunFinished(() => folder.remove());
	provide("tarball", await pack(folder.path));
}
