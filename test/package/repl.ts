import { expect } from "@jest/globals";
import { connect } from "../support/clients/client.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { freePort } from "../support/processes/ports.ts";
import { openTerminal } from "../support/processes/terminal.ts";
import { tempFolder } from "../support/temp-folder.ts";
import type { Project } from "./project.ts";
import { COMMAND } from "./readme.ts";

/**
 * A person at the REPL of a project's first example, with the moleculer-repl that it has installed.
 *
 * Moleculer 0.14 keeps the commands of its REPL under another name, so that `sse send` was unknown there; and before 0.7,
 * moleculer-repl had another parser, which turned ids into numbers.
 */
export async function expectToSend(project: Project): Promise<void> {
	const port = await freePort();
	const home = tempFolder("home");
	const command = COMMAND.replace("moleculer-runner", "node_modules/.bin/moleculer-runner --repl");
	const repl = openTerminal(`"${process.execPath}" ${command}`, {
		cwd: project.path,
		// the REPL keeps its history at home
		env: { PORT: String(port), HOME: home.path, TRANSPORTER: undefined }
	});
	onTestFinished(async () => {
		await repl.process.stop();
		await home.remove();
	});
	await repl.shows(/mol \$/);
	const client = await connect(`http://127.0.0.1:${port}`, "1e3", ["news"]);
	const answers = async (line: string, answer: RegExp) => {
		repl.type(line);
		await repl.shows(answer);
	};

	await answers(`sse send 1e3 news '{"message":"hi there"}'`, /Sent "news" to session "1e3"/);
	await answers("sse send 1000 news 1", /Sent "news" to session "1000"/);
	await answers("sse send * news -5", /Sent "news" to everyone/);
	await answers("sse send 1e3 news {broken", /The payload is not JSON.*single quotes/);
	await answers("sse send 1e3 news 1 2", /Too many words/);
	await answers("sse send 1e3 sse.open 1", /Not sent: "eventName" starts with "sse\."/);
	await answers("sse send 1e3", /issing required argument/);
	await answers("sse sned 1e3 news 1", /Unknown command "sse sned"/);
	await answers("help sse", /Send a Server-Sent Event/);
	await answers("sse help", /sse streams \[--session id\]/);
	await answers("sse nodes", /\S+ +api +\d+\.\d+\.\d+ +ready +1/);
	await answers("sse streams --session 1e3", /api +1e3 +news +live/);
	await answers("sse streams --session 1000", /0 streams\./);
	await answers("sse why nobody.zzzzzzzz.1 1e3", /not-here/);
	await answers("sse tap news", /Ctrl-C ends/);
	repl.press("\u0003");
	await repl.shows(/Ended\./);
	await eventually(() =>
		expect(client.events.map(({ data }) => data)).toEqual([{ message: "hi there" }, -5])
	);

	await answers("emit sse.send --eventName news", /was emitted.*: broadcast it\.\s/);
	expect(repl.screen()).not.toMatch(/broadcast it\.\s+undefined/);
}
