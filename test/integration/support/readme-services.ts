import * as jose from "jose";
import type { ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import * as sse from "../../../mixins/sse/index.ts";
import { asCommonJs } from "../../package/readme.ts";
import { TestGateway, TestNode } from "../../support/gateway/gateway.ts";

const PACKAGES: Record<string, unknown> = {
	jose,
	"moleculer-sse": sse,
	"moleculer-web": ApiGateway
};

/**
 * The services of a page's scripts, including `services/api.service.js`, on a port of the test's own.
 *
 * @param settings Replace the gateway's own.
 */
export async function startServices(
	scripts: Readonly<Record<string, string>>,
	settings: object = {}
): Promise<TestGateway> {
	const paths = Object.keys(scripts).filter(path => path.startsWith("services/"));
	const schemas = paths.map(path => schemaOf(scripts[path] ?? ""));
	const services = schemas.filter(({ name }) => name !== "api");
	const api = schemas.find(({ name }) => name === "api");
	if (api === undefined) throw new Error("there is no gateway");
	const node = new TestNode({ services });
	const service = node.broker.createService({
		...api,
		settings: {
			...api.settings,
			port: 0,
			ip: "127.0.0.1",
			sse: { drain: 0 },
			...settings
		}
	});
	await node.broker.start();
	return Object.assign(Object.create(TestGateway.prototype), { node, service }) as TestGateway;
}

function schemaOf(script: string): ServiceSchema {
	const module: { exports?: ServiceSchema } = {};
	const load = new Function("require", "module", asCommonJs(script));
	load((name: string) => PACKAGES[name], module);
	return module.exports as ServiceSchema;
}
