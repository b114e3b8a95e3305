import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";

/** Milliseconds for what has come of a click to be seen. */
const LOOK = 1000;
/** Milliseconds within which whatever the scene waits for has to come. */
const PATIENCE = 20_000;

/** The events that an order, and a report of 5000 orders, bring. */
const EXPECTED = { "order-update": 5, "report-progress": 20, "report-ready": 1, "sse.reset": 0 };

/**
 * Added to the page: a line below it that says what happens, and a pointer, which a headless browser has none of. Left out: what
 * the scene does not touch, and room for further reports. Bars grow, as they do for whoever has not asked for less motion.
 */
const STYLE = `
	body { padding-bottom: 0; }
	#session, #open-form, #open-error, #message-form, footer { display: none; }
	#reports { height: 3.2rem; }
	#caption {
		position: fixed; inset: auto 0 0; margin: 0; padding: 0.6rem 1.25rem; background: var(--ink);
		color: var(--ground); font-weight: 600;
	}
	progress::-webkit-progress-value { transition: inline-size 0.3s linear !important; }
	#pointer { position: fixed; z-index: 1; left: 60%; top: 45%; width: 20px; transition: left 0.4s, top 0.4s; }
`;
const PARTS = `
	<p id="caption"></p>
	<svg id="pointer" viewBox="0 0 12 18"><path d="M1 1v14l3.5-3 2.2 5 2.2-1-2.2-5H11z" fill="#111" stroke="#fff"/></svg>
`;

/** Opens the page for {@link play}; its stream is on gateway-1, as no other is there yet. */
export async function openScene(page: Page, url: string): Promise<void> {
	await page.goto(url);
	await page.waitForSelector('#state[data-state="open"]');
	await page.addStyleTag({ content: STYLE });
	await page.evaluate(`document.body.insertAdjacentHTML("beforeend", ${JSON.stringify(PARTS)})`);
	await say(page, "One stream, on gateway-1. There is a second gateway.");
}

/**
 * An order and a report, of which services on another node tell, and meanwhile the end of the gateway that has the stream.
 *
 * @param kill ends gateway-1 at once
 * @throws Error if an event is missing on the page, or has come twice: the picture would tell a lie
 */
export async function play(page: Page, kill: () => void): Promise<void> {
	await sleep(LOOK);
	await click(page, "#place-order", "An order: each of its steps comes as an event.");
	await sleep(LOOK);
	await click(page, "#create-report", "A report: a worker on another node tells how far it is.");
	await sleep(1.2 * LOOK);
	kill();
	await say(page, "gateway-1 is killed. The client comes back by itself …");
	await page.waitForSelector('#state[data-state="connecting"]', { timeout: PATIENCE });
	await page.waitForSelector('#state[data-state="open"]', { timeout: PATIENCE });
	await say(page, "… and gateway-2 goes on where gateway-1 stopped. Nothing is missing.");
	await page.waitForSelector('#orders [data-status="delivered"]', { timeout: PATIENCE });
	await page.waitForSelector('#reports [data-state="ready"]', { timeout: PATIENCE });
	await sleep(LOOK);
	await check(page);
}

async function click(page: Page, selector: string, caption: string): Promise<void> {
	const box = await page.locator(selector).boundingBox();
	if (box === null) throw new Error(`${selector} is not to be seen`);
	const place = { left: `${box.x + box.width * 0.6}px`, top: `${box.y + box.height * 0.6}px` };
	await page.evaluate(
		`Object.assign(document.querySelector("#pointer").style, ${JSON.stringify(place)})`
	);
	await sleep(LOOK / 2);
	await say(page, caption);
	await page.click(selector);
}

async function say(page: Page, text: string): Promise<void> {
	await page.evaluate(`document.querySelector("#caption").textContent = ${JSON.stringify(text)}`);
}

async function check(page: Page): Promise<void> {
	for (const [name, count] of Object.entries(EXPECTED)) {
		const shown = await page.locator(`#events li[data-event="${name}"]`).count();
		if (shown !== count) throw new Error(`${shown} events "${name}" came in place of ${count}`);
	}
}
