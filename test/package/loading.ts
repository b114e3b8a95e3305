import { expect } from "@jest/globals";
import type { Project } from "./project.ts";

/** All of the package's names exist, whichever way it is loaded. */
export async function expectToLoad(project: Project): Promise<void> {
	const print = 'console.log(Object.keys(sse).filter(name => name !== "__esModule").sort().join())';
	await project.write({
		"import.mjs": `import * as sse from "moleculer-sse"; ${print}`,
		"require.cjs": `const sse = require("moleculer-sse"); ${print}`
	});
	const all = "SseError,SseMiddleware,SseMixin,busState,sseSend,sseSession,visitorSession";
	const names = { output: `${all}\n`, end: "code 0" };
	expect(await project.run("import.mjs")).toEqual(names);
	expect(await project.run("require.cjs")).toEqual(names);
}

/** Prints the status of a file of the inspector, which lies beside the built code. */
const INSPECT = `
const inspector = { path: "/inspector", authorize: () => true };
const broker = new ServiceBroker({ logger: false });
const service = broker.createService({
	name: "api",
	mixins: [SseMixin({ inspector }), ApiGateway],
	settings: { port: 0, ip: "127.0.0.1" }
});
broker.start().then(async () => {
	const { port } = service.server.address();
	const { status } = await fetch("http://127.0.0.1:" + port + "/inspector/main.js");
	console.log(status);
	return broker.stop();
});
`;

/** A gateway finds the page of its inspector, whichever way the package is loaded. */
export async function expectToInspect(project: Project): Promise<void> {
	await project.write({
		"inspect.mjs": `
			import { ServiceBroker } from "moleculer";
			import ApiGateway from "moleculer-web";
			import { SseMixin } from "moleculer-sse";
			${INSPECT}`,
		"inspect.cjs": `
			const { ServiceBroker } = require("moleculer");
			const ApiGateway = require("moleculer-web");
			const { SseMixin } = require("moleculer-sse");
			${INSPECT}`
	});
	const served = { output: "200\n", end: "code 0" };
	expect(await project.run("inspect.mjs")).toEqual(served);
	expect(await project.run("inspect.cjs")).toEqual(served);
}
