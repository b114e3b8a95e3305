import { cp, readdir, symlink } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { npm } from "./run.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const LEFT_OUT = new Set([".git", ".tmp", "coverage", "dist", "node_modules"]);

/**
 * Builds and packs like a release, and returns the tarball's path.
 *
 * A copy of the repository is packed: the `dist/` of the present one stays as it is, whatever else is building there.
 */
export async function pack(folder: string): Promise<string> {
	const copy = join(folder, "repository");
	await cp(REPOSITORY, copy, {
		recursive: true,
		filter: source => !LEFT_OUT.has(relative(REPOSITORY, source))
	});
	await symlink(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
	await npm(["pack", "--pack-destination", folder], copy);
	const [tarball, ...others] = (await readdir(folder)).filter(name => name.endsWith(".tgz"));
	if (tarball === undefined || others.length > 0) throw new Error("not one tarball");
	return join(folder, tarball);
}
