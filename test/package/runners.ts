import { expect } from "@jest/globals";
import { noted } from "../support/noted.ts";
import type { Project } from "./project.ts";
import { type Files, GUIDE_IMPORTS, GUIDE_MODULES, GUIDE_TESTS } from "./readme.ts";

/**
 * What the guide's own tests leave out: tickets, errors, a stream that stays open, code that is loaded only when it is needed.
 */
const PLUGIN_TEST = `
const { ServiceBroker } = require("moleculer");
const ApiGateway = require("moleculer-web");
const { SseError, SseMiddleware, SseMixin } = require("moleculer-sse");

const broker = new ServiceBroker({ logger: false, middlewares: [SseMiddleware()] });
const gateway = broker.createService({
	name: "gateway",
	mixins: [SseMixin({ ticket: { secret: "x".repeat(32) } }), ApiGateway],
	settings: { port: 0, routes: [{ path: "/api", aliases: { "GET /ticket": "gateway.sseTicket" } }] }
});
const at = path => "http://localhost:" + gateway.server.address().port + path;

describe("the plugin", () => {
	beforeAll(() => broker.start());
	afterAll(() => broker.stop());

	it("gives a ticket, and opens a stream for it, which stays open", async () => {
		const { ticket } = await (await fetch(at("/api/ticket?eventName=news"))).json();
		const stream = await fetch(at("/sse/event-stream?eventName=news&ticket=" + ticket));
		expect(stream.status).toBe(200);
	});

	it("refuses what is no event", async () => {
		const error = await broker.broadcast("sse.send", {}, { throwError: true }).catch(thrown => thrown);
		expect(error).toBeInstanceOf(SseError);
		expect(error.type).toBe("SSE_INVALID_EVENT");
	});

	it("says which packages a stream needs", async () => {
		const stream = { url: "amqp://localhost" };
		const other = new ServiceBroker({ logger: false, middlewares: [SseMiddleware({ stream })] });
		await expect(other.start()).rejects.toThrow(/npm install amqplib.*Cannot find/);
	});
});
`;

const TESTS: Files = { ...GUIDE_TESTS, "test/plugin.spec.js": PLUGIN_TEST };
const COUNT =
	Object.values(TESTS)
		.join()
		.match(/^\t*it\(/gm)?.length ?? 0;

/** In CommonJS, as they are. */
export async function expectToPassJest(project: Project): Promise<void> {
	await project.write(TESTS);
	await expectToPass(project, "jest", ["--ci"]);
}

/** In TypeScript, which ts-jest compiles to CommonJS; the types of the tests themselves do not matter. */
export async function expectToPassTsJest(project: Project): Promise<void> {
	// as TypeScript's own template of Moleculer had it
	const compilerOptions = { module: "commonjs", moduleResolution: "node10", esModuleInterop: true };
	const tsconfig = { target: "es2022", strict: true, types: ["node", "jest"], ...compilerOptions };
	const options = { tsconfig, diagnostics: { exclude: ["**/test/**"] } };
	const transform = { "\\.ts$": ["ts-jest", options] };
	await project.write({
		...renamed(asModules(TESTS), ".ts"),
		"jest.config.json": JSON.stringify({ transform })
	});
	await expectToPass(project, "jest", ["--ci"]);
}

/** As ES modules, set up as the guide says. */
export async function expectToPassJestModules(project: Project): Promise<void> {
	const jest = 'import { jest } from "@jest/globals";\n';
	const modules = Object.entries(asModules(TESTS)).map(([path, code]) => [
		path,
		// imports run before a line that sets the port
		withEndings(code)
			.replace("process.env.PORT = 0; // a free one\n\n", "")
			.replace(/^(\/\/ .*\n|\n)/, `$1${jest}`)
	]);
	const tests: Files = Object.fromEntries(modules);
	expect(tests["test/orders.spec.js"]).toMatch(`${GUIDE_IMPORTS.trim()}\n\n`);
	await project.write({ ...tests, ...GUIDE_MODULES });
	await expectToPass(project, "jest", ["--ci"], ["--experimental-vm-modules"]);
}

/** As ES modules, with Vitest's own spies. */
export async function expectToPassVitest(project: Project): Promise<void> {
	const modules = Object.entries(asModules(TESTS)).map(([path, code]) => [
		path,
		code.replaceAll("jest.", "vi.")
	]);
	await project.write({
		...Object.fromEntries(modules),
		"vitest.config.js": 'export default { test: { globals: true, env: { PORT: "0" } } };'
	});
	await expectToPass(project, "vitest", ["run"]);
}

/** A runner that finds something open after the tests does not end, or says so. */
async function expectToPass(
	project: Project,
	runner: string,
	args: string[],
	flags: string[] = []
): Promise<void> {
	const [script = "", ...rest] = [...flags, `node_modules/.bin/${runner}`, ...args];
	const { output, end } = await project.run(script, ...rest);
	// biome-ignore lint/suspicious/noControlCharactersInRegex: colours
	const plain = output.replaceAll(/\x1b\[[0-9;]*m/g, "");
	noted(plain, () => expect(end).toBe("code 0"));
	expect(plain).toMatch(new RegExp(`Tests:?\\s+${COUNT} passed`));
	expect(plain).not.toMatch(/did not exit|force exited|close timed out/);
}

function asModules(files: Files): Files {
	const entries = Object.entries(files).map(([path, code]) => [
		path,
		code.replaceAll(/^const (.+) = require\((".+")\);$/gm, "import $1 from $2;")
	]);
	return Object.fromEntries(entries);
}

/** An ES module names files with their ending. */
function withEndings(code: string): string {
	return code.replaceAll(/from "(\.[^"]+)";/g, 'from "$1.js";');
}

function renamed(files: Files, extension: string): Files {
	const entries = Object.entries(files).map(([path, code]) => [
		path.replace(/\.js$/, extension),
		code
	]);
	return Object.fromEntries(entries);
}
