import { firefoxProfile } from "../../support/clients/firefox-profile.ts";
import { freePort } from "../../support/processes/ports.ts";
import { spawnProcess } from "../../support/processes/process.ts";
import type { Engine, Tab, Visitor } from "../engine.ts";

type Send = (method: string, params?: object) => Promise<Record<string, unknown>>;

/** Starts a Firefox, driven by WebDriver BiDi. */
export async function startFirefox(path: string): Promise<Engine> {
	const port = await freePort();
	const profile = firefoxProfile('user_pref("remote.prefs.recommended", true);\n');
	const args = ["--headless", "--no-remote", "--profile", profile.path];
	const firefox = spawnProcess(path, [...args, `--remote-debugging-port=${port}`], {
		env: { HOME: profile.path, MOZ_CRASHREPORTER_DISABLE: "1" }
	});
	await firefox.waitFor(/WebDriver BiDi listening/, 60_000);
	const { send, close } = await connect(`ws://127.0.0.1:${port}/session`);
	const { capabilities } = await send("session.new", {
		capabilities: { alwaysMatch: { acceptInsecureCerts: true } }
	});
	const { browserVersion } = capabilities as { browserVersion: string };
	return {
		name: `Firefox ${browserVersion}`,
		async visitor(): Promise<Visitor> {
			const { userContext } = await send("browser.createUserContext");
			return {
				async openTab(url) {
					const { context } = await send("browsingContext.create", { type: "tab", userContext });
					const tab = tabOf(send, context as string);
					await tab.go(url);
					return tab;
				},
				close: async () => void (await send("browser.removeUserContext", { userContext }))
			};
		},
		async close() {
			close();
			await firefox.stop();
			await profile.remove();
		}
	};
}

function tabOf(send: Send, context: string): Tab {
	return {
		async evaluate<T>(expression: string) {
			const { result, exceptionDetails } = await send("script.evaluate", {
				expression: `(async () => JSON.stringify(await (${expression})))()`,
				target: { context },
				awaitPromise: true
			});
			if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
			const { value } = result as { value?: string };
			return (value === undefined ? undefined : JSON.parse(value)) as T;
		},
		async go(to) {
			if (to !== "back") {
				await send("browsingContext.navigate", { context, url: to, wait: "complete" });
			} else await send("browsingContext.traverseHistory", { context, delta: -1 });
		},
		kill: async () => void (await send("browsingContext.close", { context })),
		freeze: undefined,
		thaw: undefined,
		heap: undefined
	};
}

async function connect(url: string): Promise<{ send: Send; close(): void }> {
	const socket = new WebSocket(url);
	await new Promise((resolve, reject) => {
		socket.onopen = resolve;
		socket.onerror = reject;
	});
	let last = 0;
	const waiting = new Map<number, (answer: Record<string, unknown>) => void>();
	socket.onmessage = ({ data }) => {
		const answer = JSON.parse(String(data));
		waiting.get(answer.id)?.(answer);
		waiting.delete(answer.id);
	};
	return {
		async send(method, params = {}) {
			const id = ++last;
			const answer = new Promise<Record<string, unknown>>(resolve => waiting.set(id, resolve));
			socket.send(JSON.stringify({ id, method, params }));
			const { type, result, error, message } = await answer;
			if (type === "error") throw new Error(`${method}: ${error}: ${message}`);
			return result as Record<string, unknown>;
		},
		close: () => socket.close()
	};
}
