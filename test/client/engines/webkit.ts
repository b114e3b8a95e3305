import { freePort } from "../../support/processes/ports.ts";
import { spawnProcess } from "../../support/processes/process.ts";
import type { Engine, Tab, Visitor } from "../engine.ts";

/** Starts WebKitGTK, driven by its WebDriver, on a display of its own. Each visitor is a browser. */
export async function startWebKit(driver: string, xvfb: string): Promise<Engine> {
	const port = await freePort();
	const display = `:${100 + (port % 900)}`;
	const screen = spawnProcess(xvfb, [display, "-screen", "0", "1280x800x24"]);
	const webdriver = spawnProcess(driver, [`--port=${port}`], {
		env: { DISPLAY: display, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" }
	});
	const send = async (method: string, path: string, body?: object): Promise<unknown> => {
		const response = await fetch(`http://127.0.0.1:${port}${path}`, {
			method,
			...(body && { body: JSON.stringify(body) })
		});
		const { value } = (await response.json()) as { value: { error?: string; message?: string } };
		if (!response.ok) throw new Error(`${path}: ${value?.error}: ${value?.message}`);
		return value;
	};
	await isUp(() => send("GET", "/status"));
	const open = async (): Promise<{ sessionId: string; version: string }> => {
		const alwaysMatch = {
			acceptInsecureCerts: true,
			"webkitgtk:browserOptions": { binary: MINI_BROWSER, args: ["--automation"] }
		};
		const value = await send("POST", "/session", { capabilities: { alwaysMatch } });
		const { sessionId, capabilities } = value as {
			sessionId: string;
			capabilities: { browserVersion: string };
		};
		return { sessionId, version: capabilities.browserVersion };
	};
	const first = await open();
	await send("DELETE", `/session/${first.sessionId}`);
	return {
		name: `WebKitGTK ${first.version}`,
		async visitor(): Promise<Visitor> {
			const { sessionId } = await open();
			const session = `/session/${sessionId}`;
			let isUsed = false;
			return {
				async openTab(url) {
					const { handle } = (
						isUsed
							? await send("POST", `${session}/window/new`, { type: "tab" })
							: { handle: await send("GET", `${session}/window`) }
					) as { handle: string };
					isUsed = true;
					const tab = tabOf(send, session, handle);
					await tab.go(url);
					return tab;
				},
				close: async () => void (await send("DELETE", session))
			};
		},
		async close() {
			await webdriver.stop();
			await screen.stop();
		}
	};
}

const MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

type Send = (method: string, path: string, body?: object) => Promise<unknown>;

/** One command at a time: each is for the tab that was chosen last. */
let turn: Promise<unknown> = Promise.resolve();

function tabOf(send: Send, session: string, handle: string): Tab {
	const inTab = <T>(run: () => Promise<unknown>): Promise<T> => {
		const done = turn.then(async () => {
			await send("POST", `${session}/window`, { handle });
			return run();
		});
		turn = done.catch(() => {});
		return done as Promise<T>;
	};
	return {
		async evaluate<T>(expression: string) {
			const script = `const done = arguments[0];
				(async () => JSON.stringify(await (${expression})))().then(done, error => done("!" + error));`;
			const text = await inTab<string | null>(() =>
				send("POST", `${session}/execute/async`, { script, args: [] })
			);
			if (text?.startsWith("!")) throw new Error(text.slice(1));
			return (text === null ? undefined : JSON.parse(text)) as T;
		},
		go: to =>
			inTab(() =>
				to === "back"
					? send("POST", `${session}/back`, {})
					: send("POST", `${session}/url`, { url: to })
			),
		kill: () => inTab(() => send("DELETE", `${session}/window`)),
		freeze: undefined,
		thaw: undefined,
		heap: undefined
	};
}

async function isUp(ask: () => Promise<unknown>): Promise<void> {
	for (let left = 100; ; left--) {
		try {
			await ask();
			return;
		} catch (error) {
			if (left === 0) throw error;
			await new Promise(resolve => setTimeout(resolve, 100));
		}
	}
}
