/**
 * Tests with the RabbitMQ of a newer Debian, which runs beside this system's own:
 *
 *     npm run test:rabbitmq -- [--debian <release>] [command…]
 *
 * Default: trixie, which has RabbitMQ 4.0, and all tests that use RabbitMQ. Needs root on a Debian.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter } from "node:path";
import { parseArgs } from "node:util";
import { bringRabbitMqOf } from "./debian-root.ts";

const TESTS = "npm test -- --selectProjects e2e chaos";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { debian: { type: "string", default: "trixie" } }
});

const rabbitmq = await bringRabbitMqOf(values.debian);
console.log(`RabbitMQ ${rabbitmq.version} of Debian ${values.debian}`);
const command = positionals.length > 0 ? positionals.join(" ") : TESTS;
const tests = spawn(command, {
	shell: true,
	stdio: "inherit",
	env: {
		...process.env,
		AMQP_URL: undefined,
		PATH: [rabbitmq.bin, process.env.PATH].join(delimiter)
	}
});
// the terminal's ^C reaches the command as well, and this process waits for its end
process.on("SIGINT", () => {});
const [code] = await once(tests, "exit");
await rabbitmq.close();
process.exit(code ?? 1);
