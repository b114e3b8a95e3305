/**
 * `npm run docs:pictures`: README's moving pictures of the demo, light and dark, and the still ones for whoever wants no motion. All
 * are of the demo as it runs: three nodes, RabbitMQ, nginx, and a Chromium that clicks.
 */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import type { Page } from "playwright-core";
import { launchChromium } from "../support/clients/chromium.ts";
import { openRabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { type Frame, Recording, type Size } from "./recording.ts";
import { openScene, play } from "./scene.ts";
import { Stage } from "./stage.ts";
import { bringTools } from "./tools.ts";

/** README shows it 640 CSS pixels wide, which are twice as many on most screens. */
const SIZE: Size = { width: 852, height: 830, scale: 1.5 };
/** Milliseconds that a picture takes at most: how long the client waits before it comes back is chance. */
const LONGEST = 12_000;
const TAKES = 8;

const tools = await bringTools();
const rabbitmq = await openRabbitMq(tools.rabbitmq);
await rabbitmq.start();
// a scale factor that only the page has does not reach what is recorded
const browser = await launchChromium(tools.chromium, [`--force-device-scale-factor=${SIZE.scale}`]);
try {
	for (const colorScheme of ["light", "dark"] as const) await take(colorScheme);
} finally {
	await browser.close();
	await rabbitmq.stop();
}

async function take(colorScheme: "light" | "dark", takes = 1): Promise<void> {
	const { width, height, scale } = SIZE;
	const folder = tempFolder("pictures");
	const page = await browser.newPage({
		viewport: { width, height },
		deviceScaleFactor: scale,
		colorScheme,
		// each frame of a colour that fades would be as large as a new line
		reducedMotion: "reduce"
	});
	try {
		const frames = await record(page, folder.path);
		const duration = frames.reduce((sum, frame) => sum + frame.duration, 0);
		if (duration <= LONGEST) {
			const path = `docs/images/demo-${colorScheme}`;
			write(`${path}.webp`, frames);
			write(`${path}-still.webp`, frames.slice(-1));
			return;
		}
		console.log(`take ${takes} of ${colorScheme} took ${duration} ms: too long`);
		if (takes === TAKES) throw new Error(`each of ${TAKES} takes lasted more than ${LONGEST} ms`);
	} finally {
		await page.close();
		await folder.remove();
	}
	await take(colorScheme, takes + 1);
}

async function record(page: Page, folder: string): Promise<readonly Frame[]> {
	const stage = await Stage.start(rabbitmq, tools.nginx);
	try {
		const gateway = await stage.gateway(1);
		await stage.business();
		await openScene(page, stage.url);
		await stage.gateway(2);
		const recording = await Recording.start(page, SIZE, folder);
		await play(page, () => gateway.kill("SIGKILL"));
		return await recording.stop();
	} finally {
		await stage.stop();
	}
}

/** A WebP without losses; of several frames, an animation that begins again for ever. */
function write(path: string, frames: readonly Frame[]): void {
	// kmax 0: each frame but the first holds only what has changed
	const args = ["-loop", "0", "-kmax", "0"];
	for (const frame of frames) args.push("-lossless", "-d", String(frame.duration), frame.path);
	const { status, error, stderr } = spawnSync(tools.img2webp, [...args, "-o", path]);
	if (status !== 0) throw new Error(`img2webp failed: ${error?.message ?? stderr}`);
	console.log(`${path}: ${frames.length} frames, ${statSync(path).size} bytes`);
}
