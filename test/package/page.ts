import { type Context, createContext, runInContext } from "node:vm";
import { EventSource } from "eventsource";

/** A page that runs its own script and its button's `onclick`, with cookies, as far as the README's page needs a browser. */
export class Page {
	/** What its script has appended to the document. */
	readonly written: unknown[] = [];
	readonly #streams: EventSource[] = [];
	readonly #onclick: string;
	readonly #globals: Context;

	constructor(html: string, origin: string) {
		const [, script] = /<script>(.*)<\/script>/s.exec(html) ?? [];
		const [, onclick] = /\bonclick="([^"]*)"/.exec(html) ?? [];
		if (script === undefined || onclick === undefined) throw new Error(`no script in ${html}`);

		const fetch = withCookies(origin);
		const streams = this.#streams;
		this.#onclick = onclick;
		this.#globals = createContext({
			fetch,
			EventSource: class extends EventSource {
				constructor(url: string) {
					super(new URL(url, origin), { fetch });
					streams.push(this);
				}
			},
			document: { body: { append: (text: unknown) => this.written.push(text) } }
		});
		runInContext(script, this.#globals);
	}

	/** Resolves when its streams are open. */
	async opened(): Promise<void> {
		for (const stream of this.#streams) {
			if (stream.readyState === stream.OPEN) continue;
			await new Promise<void>((resolve, reject) => {
				stream.addEventListener("open", () => resolve());
				stream.addEventListener("error", ({ message }) => reject(new Error(message)));
			});
		}
	}

	/** Whether one of its streams is open. */
	get isOpen(): boolean {
		return this.#streams.some(stream => stream.readyState === stream.OPEN);
	}

	/** Clicks its button; resolves when the resulting request has been answered successfully. */
	async click(): Promise<void> {
		const response: Response = await runInContext(this.#onclick, this.#globals);
		if (!response.ok) throw new Error(`${response.url} was answered ${response.status}`);
	}

	close(): void {
		for (const stream of this.#streams) stream.close();
	}
}

/** A `fetch` that knows the page's origin, and keeps cookies. */
function withCookies(origin: string) {
	const cookies = new Map<string, string>();
	return async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
		const headers = new Headers(init.headers);
		headers.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
		const response = await fetch(new URL(url, origin), { ...init, headers });
		for (const cookie of response.headers.getSetCookie()) {
			const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
			cookies.set(name, value);
		}
		return response;
	};
}
