import type { Browser, BrowserContext, Page } from "playwright-core";

/** An event as a page gets it. */
export interface TabEvent {
	readonly id: string;
	readonly data: unknown;
	/** When it arrived, in milliseconds since 1970. */
	readonly at: number;
}

/** State of an EventSource that has given up. */
export const CLOSED = 2;

/** What one EventSource has got so far. */
export interface Source {
	readonly events: readonly TabEvent[];
	/** Reasons of `sse.reset`. */
	readonly resets: readonly string[];
	/** As EventSource has it: 0 connecting, 1 open, {@link CLOSED}. */
	readonly state: number;
}

/** A browser's tab with several EventSources, all for one host. */
export class Tab {
	readonly #context: BrowserContext;
	readonly #page: Page;

	private constructor(context: BrowserContext, page: Page) {
		this.#context = context;
		this.#page = page;
	}

	/**
	 * @param url of any page of the host
	 * @param streams of the EventSources: path and query, and the event name that is listened to
	 */
	static async open(
		browser: Browser,
		url: string,
		streams: readonly { readonly url: string; readonly eventName: string }[]
	): Promise<Tab> {
		const context = await browser.newContext();
		const page = await context.newPage();
		await page.goto(url);
		await page.evaluate(`window.sources = ${JSON.stringify(streams)}.map(({ url, eventName }) => {
			const source = new EventSource(url);
			const events = [];
			const resets = [];
			source.addEventListener(eventName, ({ data, lastEventId }) => {
				events.push({ id: lastEventId, data: JSON.parse(data), at: Date.now() });
			});
			source.addEventListener("sse.reset", ({ data }) => resets.push(JSON.parse(data).reason));
			return () => ({ events, resets, state: source.readyState });
		})`);
		return new Tab(context, page);
	}

	sources(): Promise<Source[]> {
		return this.#page.evaluate("window.sources.map(read => read())");
	}

	async close(): Promise<void> {
		await this.#context.close();
	}
}
