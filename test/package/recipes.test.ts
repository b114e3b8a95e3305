import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { startGateway } from "../support/gateway/gateway.ts";
import { snippetOf } from "../support/markdown.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { spawnNode } from "../support/processes/process.ts";
import { installed } from "./installed.ts";

const GUIDE = readFileSync("docs/guide/in-the-browser.md", "utf8");

/**
 * What a page does with a recipe: it shows a list that it has loaded, and to which events add. Each printed line is what is
 * shown.
 */
const PAGES = {
	react: `
		import { createElement } from "react";
		import { create } from "react-test-renderer";
		import { events, useEvent, useLive, useStreamState } from "./live.js";
		globalThis.IS_REACT_ACT_ENVIRONMENT = false;
		function List() {
			const list = useLive(load, { added: (now, item) => [...now, item] });
			const sum = useLive(async () => 0, { more: (now, by) => now + by });
			const state = useStreamState();
			useEvent("said", word => console.log("said " + word));
			show(list, sum, state);
			return null;
		}
		const root = create(createElement(List));
		end = () => root.unmount();`,
	vue: `
		import { effectScope, watchEffect } from "vue";
		import { events, useEvent, useLive, useStreamState } from "./live.js";
		const scope = effectScope();
		scope.run(() => {
			const list = useLive(load, { added: (now, item) => [...now, item] });
			const sum = useLive(async () => 0, { more: (now, by) => now + by });
			const state = useStreamState();
			useEvent("said", word => console.log("said " + word));
			watchEffect(() => show(list.value, sum.value, state.value));
		});
		end = () => scope.stop();`,
	svelte: `
		import { derived } from "svelte/store";
		import { events, live, streamState } from "./live.js";
		const list = live(load, { added: (now, item) => [...now, item] });
		const sum = live(async () => 0, { more: (now, by) => now + by });
		const offs = [
			derived([list, sum, streamState], all => all).subscribe(all => show(...all)),
			events.on("said", word => console.log("said " + word))
		];
		end = () => offs.forEach(off => off());`
};

const page = (script: string) => `
	let loads = 0;
	let end;
	let held;
	const load = async () => {
		const loaded = ["loaded " + ++loads];
		console.log("loading " + loads);
		if (held) await new Promise(resolve => held.unshift(resolve));
		return loaded;
	};
	const show = (list, sum, state) =>
		console.log((list ?? []).join(", ") + " (" + state + ", " + sum + ")");
	${script}
	process.stdin.on("data", async command => {
		if (String(command) === "hold\\n") {
			held = [];
			console.log("held");
			return;
		}
		if (String(command) === "go\\n") {
			// the latest load is answered first
			for (const resolve of held) {
				resolve();
				await new Promise(resolve => setImmediate(resolve));
			}
			held = undefined;
			return;
		}
		end();
		setTimeout(() => {
			console.log("state " + events.state);
			events.close();
			process.exit();
		}, 100);
	});`;

describe("the guide's hooks", () => {
	const project = installed({
		type: "module",
		packages: ["react@^19.0.0", "react-test-renderer@^19.0.0", "vue@^3.5.0", "svelte@^5.0.0"],
		files: {}
	});

	it.each(Object.entries(PAGES))(
		"%s: load, follow the events, also those that come meanwhile, and release them",
		async (name, script) => {
			const gateway = await startGateway({ sse: { session: () => "alice", retry: [50, 100] } });
			// there is no origin to which a URL could be relative
			const keep = snippetOf(GUIDE, "keep");
			const live = snippetOf(GUIDE, name).replace("/sse/event-stream", `${gateway.origin}$&`);
			const imports = script.match(/^\s*import .*$/gm) ?? [];
			const body = script.replaceAll(/^\s*import .*$/gm, "");
			await project().write({
				"keep.js": keep,
				"live.js": live,
				"page.js": `${imports.join("\n")}\n${page(body)}`
			});
			const running = spawnNode("page.js", [], { cwd: project().path });
			onTestFinished(() => running.stop());
			await running.waitFor(/loaded 1 \(open, 0\)/);
			const send = (eventName: string, payload: unknown) =>
				gateway.send({ eventName, sessionId: "alice", payload });
			await send("said", "hello");
			await running.waitFor(/said hello/);
			await send("added", "new");
			await running.waitFor(/loaded 1, new \(open, 0\)/);
			await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
			await running.waitFor(/loaded 2 \(open, 0\)/);
			// They lost what came while a state was loading, and kept a state of 0 as it was.
			await send("more", 2);
			await running.waitFor(/loaded 2 \(open, 2\)/);
			running.write("hold\n");
			await running.waitFor(/held/);
			for (const loading of [/loading 3/, /loading 4/]) {
				await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
				await running.waitFor(loading);
			}
			await send("added", "meanwhile");
			await send("said", "done");
			await running.waitFor(/said done/);
			running.write("go\n");
			await running.waitFor(/loaded 4, meanwhile \(open, 0\)/);
			await send("added", "last");
			await running.waitFor(/loaded 4, meanwhile, last \(open, 0\)/);
			expect(running.output).not.toContain("loaded 3");
			running.write("end\n");
			await running.waitFor(/state closed/);
		}
	);

	it("are about 30 lines each", () => {
		for (const name of ["keep", ...Object.keys(PAGES)]) {
			expect(snippetOf(GUIDE, name).trim().split("\n").length).toBeLessThanOrEqual(40);
		}
	});
});
