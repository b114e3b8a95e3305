import { chromium, type Page } from "playwright-core";
import type { Engine, Tab, Visitor } from "../engine.ts";

/** Starts a Chromium whose back/forward cache works as a user's does. */
export async function startChromium(path: string): Promise<Engine> {
	const browser = await chromium.launch({
		executablePath: path,
		args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
		ignoreDefaultArgs: ["--disable-back-forward-cache"]
	});
	return {
		name: `Chromium ${browser.version()}`,
		async visitor(): Promise<Visitor> {
			const context = await browser.newContext({ ignoreHTTPSErrors: true });
			return {
				async openTab(url) {
					const page = await context.newPage();
					await page.goto(url);
					return tabOf(page);
				},
				close: () => context.close()
			};
		},
		close: () => browser.close()
	};
}

function tabOf(page: Page): Tab {
	const send = async (method: string, params: object = {}): Promise<unknown> => {
		const session = await page.context().newCDPSession(page);
		try {
			return await session.send(method as never, params as never);
		} finally {
			await session.detach();
		}
	};
	const setState = (state: "frozen" | "active") => send("Page.setWebLifecycleState", { state });
	return {
		evaluate: expression => page.evaluate(expression),
		async go(to) {
			if (to === "back") await page.goBack({ waitUntil: "commit" });
			else await page.goto(to);
		},
		kill: () => page.close({ runBeforeUnload: false }),
		freeze: async () => void (await setState("frozen")),
		thaw: async () => void (await setState("active")),
		async heap() {
			await send("HeapProfiler.collectGarbage");
			const { usedSize } = (await send("Runtime.getHeapUsage")) as { usedSize: number };
			return usedSize;
		}
	};
}
