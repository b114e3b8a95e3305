/**
 * The suites about HTTP on the oldest and the newest release of each supported line of Node.js:
 *
 *     npm run test:node -- [release…]
 */
import { newestOf, OLDEST } from "./releases.ts";
import { runSuite } from "./suite.ts";

/** What depends on Node's own HTTP, streams and sockets. */
const SUITE = {
	projects: ["unit", "integration"],
	filters: ["test/unit/http", "test/unit/streams", "test/integration"]
};

const releases = process.argv.slice(2);
if (releases.length === 0) {
	for (const oldest of OLDEST) releases.push(oldest, await newestOf(oldest));
}
let isBroken = false;
for (const release of releases) {
	const began = performance.now();
	const { passed, failed, skipped, failures, end } = await runSuite(release, SUITE);
	const seconds = Math.round((performance.now() - began) / 1000);
	const rest = skipped === 0 ? "" : `, ${skipped} skipped`;
	console.log(`Node ${release}: ${passed} passed, ${failed} failed${rest} (${seconds} s)`);
	for (const name of failures) console.log(`  failed: ${name}`);
	// an error that is no test's fails the run as well
	if (end !== "code 0" && failures.length === 0) console.log(`  failed: the run, with ${end}`);
	isBroken ||= end !== "code 0" || passed === 0;
}
process.exit(isBroken ? 1 : 0);
