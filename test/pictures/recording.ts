import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CDPSession, Page } from "playwright-core";

/** How the page looked, and for how long. */
export interface Frame {
	/** A PNG file. */
	readonly path: string;
	/** Milliseconds. */
	readonly duration: number;
}

/** CSS pixels, and device pixels for each. */
export interface Size {
	readonly width: number;
	readonly height: number;
	readonly scale: number;
}

interface Seen {
	readonly path: string;
	/** Milliseconds. */
	readonly at: number;
}

/** Milliseconds for which a frame is shown at least: of what changes faster, the newest is shown. */
const SHORTEST = 80;
/** Milliseconds for which the last frame is shown, before all begins again. */
const LAST = 1200;

/** Records how a page looks, each time that it changes. */
export class Recording {
	readonly #cdp: CDPSession;
	readonly #seen: Seen[] = [];
	readonly #written: Promise<void>[] = [];

	private constructor(cdp: CDPSession, folder: string) {
		this.#cdp = cdp;
		cdp.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
			cdp.send("Page.screencastFrameAck", { sessionId }).catch(() => {});
			const path = join(folder, `${this.#seen.length}.png`);
			this.#seen.push({ path, at: (metadata.timestamp ?? 0) * 1000 });
			this.#written.push(writeFile(path, data, "base64"));
		});
	}

	/** @param folder where the frames go */
	static async start(
		page: Page,
		{ width, height, scale }: Size,
		folder: string
	): Promise<Recording> {
		const cdp = await page.context().newCDPSession(page);
		const recording = new Recording(cdp, folder);
		const limits = { maxWidth: width * scale, maxHeight: height * scale };
		await cdp.send("Page.startScreencast", { format: "png", ...limits });
		return recording;
	}

	/** Ends it, and answers what was seen, in order. */
	async stop(): Promise<Frame[]> {
		await this.#cdp.send("Page.stopScreencast");
		await Promise.all(this.#written);
		const shown: Seen[] = [];
		for (const { path, at } of this.#seen) {
			const last = shown.at(-1);
			if (last !== undefined && at - last.at < SHORTEST)
				shown[shown.length - 1] = { path, at: last.at };
			else shown.push({ path, at });
		}
		return shown.map(({ path, at }, n) => {
			const next = shown[n + 1];
			return { path, duration: next === undefined ? LAST : Math.round(next.at - at) };
		});
	}
}
