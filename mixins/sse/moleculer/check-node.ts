/** The oldest release of Node.js on which the tests run; a test compares it with package.json. */
export const OLDEST_NODE = "22.12";

/**
 * On an older one functions are missing that are first called much later, for example while a node stops, where their absence
 * would look like a hang. npm only warns of that.
 *
 * @throws Error if this process runs on an older release.
 */
export function checkNode(version: string = process.versions.node): void {
	const [major = 0, minor = 0] = version.split(".").map(Number);
	const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split(".").map(Number);
	if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
	throw new Error(
		`moleculer-sse needs Node.js ${OLDEST_NODE} or newer, and this is ${version}. Please update Node.js.`
	);
}
