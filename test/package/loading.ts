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
