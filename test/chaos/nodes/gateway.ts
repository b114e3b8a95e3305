/** A gateway on the port that its environment names. Prints `listening` when it serves. */
import ApiGateway from "moleculer-web";
import { SseMixin } from "../../../mixins/sse/index.ts";
import { broker, obey } from "./broker.ts";

const RETRY: [number, number] = [50, 200];

broker.createService({
	name: "api",
	mixins: [SseMixin({ retry: RETRY, heartbeat: 1000, drain: 2000 }), ApiGateway],
	settings: { port: Number(process.env.PORT), ip: "127.0.0.1" }
});
await broker.start();
console.log("listening");
await obey({});
