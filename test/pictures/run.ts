/**
 * `npm run docs:pictures`: takes README's pictures of the demo, light and dark, from the running demo. Needs a Chromium.
 */
import { fileURLToPath } from "node:url";
import { launchChromium } from "../support/clients/chromium.ts";
import { spawnNode } from "../support/processes/process.ts";
import { locateChromium } from "../support/processes/programs.ts";

const EXAMPLE = fileURLToPath(new URL("../support/fixtures/example-node.ts", import.meta.url));
const SIZE = { width: 1000, height: 960 };

const chromium = await locateChromium();
if (chromium === null) throw new Error("no Chromium: set CHROMIUM_PATH");
const example = spawnNode(EXAMPLE, [], { env: { TICK_MS: "700", NODE_ID: "gateway-1" } });
try {
	const [, port] = await example.waitFor(/listening on (\d+)/);
	const browser = await launchChromium(chromium);
	for (const colorScheme of ["light", "dark"] as const) {
		const page = await browser.newPage({ viewport: SIZE, colorScheme });
		await page.goto(`http://127.0.0.1:${port}`);
		await page.waitForSelector('#state[data-state="open"]');
		await page.fill("#message", "Hello from this tab");
		await page.click("#send");
		await page.click("#place-order");
		await page.click("#create-report");
		for (const name of ["order-update", "notifications", "report-ready"]) {
			await page.waitForSelector(`#events li[data-event="${name}"]`);
		}
		// a few prices beside them
		await page.waitForFunction(
			"document.querySelectorAll('#events li[data-event=\"price\"]').length >= 2"
		);
		await page.screenshot({ path: `docs/images/demo-${colorScheme}.jpg`, quality: 75 });
		await page.close();
	}
	await browser.close();
} finally {
	await example.stop();
}
