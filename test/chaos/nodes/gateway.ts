/**
 * A gateway on the port that its environment names. Prints `listening` when it serves. If it has metrics, `authorize slow` on its
 * stdin makes it take long to admit a client, `authorize away` lets it admit none for now, and `authorize well` ends both.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Errors } from "moleculer";
import ApiGateway from "moleculer-web";
import { SseMixin } from "../../../mixins/sse/index.ts";
import { broker, obey } from "./broker.ts";

const RETRY: [number, number] = [50, 200];
const { PORT, METRICS_PORT, GATEWAY_OPTIONS = "{}" } = process.env;
/** Milliseconds. */
const SLOW = 3000;

let trouble = "";
async function authorize(): Promise<boolean> {
	if (trouble === "slow") await sleep(SLOW);
	if (trouble === "away") throw new Errors.MoleculerServerError("the users' service is away", 503);
	return true;
}

broker.createService({
	name: "api",
	mixins: [
		SseMixin({
			retry: RETRY,
			heartbeat: 1000,
			drain: 2000,
			// costs the others a turn for each stream that opens
			...(METRICS_PORT && { authorize }),
			...JSON.parse(GATEWAY_OPTIONS)
		}),
		ApiGateway
	],
	settings: { port: Number(PORT), ip: "127.0.0.1" }
});
await broker.start();
console.log("listening");
await obey({
	authorize(how) {
		trouble = how === "well" ? "" : (how ?? "");
	}
});
