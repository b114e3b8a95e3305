import { expect } from "@jest/globals";
import type { Project } from "./project.ts";
import type { Files } from "./readme.ts";

const TSCONFIG = JSON.stringify({
	compilerOptions: {
		target: "es2022",
		module: "nodenext",
		strict: true,
		noUncheckedIndexedAccess: true,
		exactOptionalPropertyTypes: true,
		noEmit: true,
		types: ["node"],
		// the package's own declarations are to be checked, too
		skipLibCheck: false
	},
	include: ["*.ts", "services", "probe.*"]
});

/** Fails to compile if the package's types are `any`, or cannot be found: nothing is an error then. */
const PROBE = `
import { SseError, SseMiddleware, SseMixin, type SseSend } from "moleculer-sse";
SseMixin({ heartbeat: 1000 });
// @ts-expect-error
SseMixin({ heartbeat: "1s" });
// @ts-expect-error
SseMiddleware({ heartbeat: 1000 });
// @ts-expect-error
export const error: SseError = new Error();
// @ts-expect-error
export const send: SseSend = { eventName: "a", payload: 1 };
`;

/** What is compiled besides a project's own files, and how. */
export const COMPILED: Files = {
	"probe.mts": PROBE,
	"probe.cts": PROBE,
	"tsconfig.json": TSCONFIG
};

/**
 * Compiles a project strictly, with every declaration of the package: those for import and those for
 * require. Errors inside the declarations of Moleculer and moleculer-web are theirs.
 */
export async function expectToCompile(project: Project): Promise<void> {
	const options = ["--listFiles", "--pretty", "false"];
	const { output } = await project.run("node_modules/.bin/tsc", ...options);
	expect(output).toContain("node_modules/moleculer-sse/dist/index.d.mts");
	expect(output).toContain("node_modules/moleculer-sse/dist/index.d.cts");
	const errors = output
		.split("\n")
		.filter(line => /error TS\d+/.test(line))
		.filter(line => !/^node_modules\/moleculer(-web)?\//.test(line));
	expect(errors).toEqual([]);
}
