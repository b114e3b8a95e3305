import { readEvents } from "./read-events.js";

const STREAM = new URL("stream", import.meta.url);
/** No page of another site may send it; over plain HTTP a browser says in no other way where a request comes from. */
const HEADERS = { Accept: "text/event-stream", "X-SSE-Inspector": "1" };
/** Milliseconds until the stream is opened again, unless the gateway gives others. */
const PAUSE = 3000;

/**
 * The looks at all gateways, one a second. A stream lives for a minute, so that the gateway can ask again who may look; the next
 * one is opened before that, so that nothing is missed. EventSource could not send the header.
 */
export class LiveLooks {
	#onLook;
	#onState;
	/** Ends the stream that is listened to. */
	#stream;

	/**
	 * @param {(look: object) => void} onLook
	 * @param {(state: "live" | "waiting" | "ended", text: string) => void} onState
	 */
	constructor({ onLook, onState }) {
		this.#onLook = onLook;
		this.#onState = onState;
	}

	open() {
		const stream = new AbortController();
		this.#stream ??= stream;
		void this.#read(stream);
	}

	async #read(stream) {
		let pause = PAUSE;
		/** Why it waits. */
		let why = "Reconnecting";
		const take = {
			look: data => {
				if (stream === this.#stream) {
					this.#onState("live", "Live");
					this.#onLook(JSON.parse(data));
					return;
				}
				// The stream before has shown these.
				this.#stream.abort();
				this.#stream = stream;
			},
			renew: () => this.open(),
			stopping: () => {
				why = "The gateway stops";
			},
			full: most => {
				why = `Waiting: ${most} inspectors are open already`;
			}
		};
		try {
			const { signal } = stream;
			const init = { headers: HEADERS, redirect: "manual", cache: "no-store", signal };
			const { ok, status, type, body } = await fetch(STREAM, init);
			if (status === 401 || status === 403 || type === "opaqueredirect") {
				if (stream === this.#stream) {
					this.#onState("ended", "Not allowed any more: reload the page");
				}
				return;
			}
			if (ok) {
				await readEvents(body, ({ event, data, retry }) => {
					pause = retry ?? pause;
					take[event]?.(data);
				});
			}
		} catch {
			// It was broken off, by this page or by something on the way.
		}
		if (stream !== this.#stream) return;
		this.#onState("waiting", why);
		setTimeout(() => {
			// The next one may have begun meanwhile.
			if (stream !== this.#stream) return;
			this.#stream = undefined;
			this.open();
		}, pause);
	}
}
