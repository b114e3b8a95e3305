const STREAM = new URL("stream", import.meta.url);
/** Milliseconds until the stream is opened again after an answer that was none. */
const PAUSE = 3000;

/**
 * The looks at all gateways, one a second. A stream lives for a minute, so that the gateway can ask again who may look; the next
 * one is opened before that, so that nothing is missed.
 */
export class LiveLooks {
	#onLook;
	#onState;
	/** The stream that is listened to. */
	#source;

	/**
	 * @param {(look: object) => void} onLook
	 * @param {(state: "live" | "waiting" | "ended", text: string) => void} onState
	 */
	constructor({ onLook, onState }) {
		this.#onLook = onLook;
		this.#onState = onState;
	}

	open() {
		const source = new EventSource(STREAM);
		this.#source ??= source;
		source.addEventListener("look", ({ data }) => {
			if (source !== this.#source) {
				this.#source.close();
				this.#source = source;
				// The stream before has shown these.
				return;
			}
			this.#onState("live", "Live");
			this.#onLook(JSON.parse(data));
		});
		source.addEventListener("renew", () => this.open());
		source.addEventListener("stopping", () => this.#onState("waiting", "The gateway stops"));
		source.addEventListener("full", ({ data }) => {
			this.#onState("waiting", `Waiting: ${data} inspectors are open already`);
		});
		source.addEventListener("error", () => {
			if (source !== this.#source) {
				source.close();
				return;
			}
			this.#onState("waiting", "Reconnecting");
			if (source.readyState === EventSource.CLOSED) void this.#openAgain();
		});
	}

	/**
	 * An EventSource gives up after any answer but 200, such as that of a proxy whose gateway starts again, and does not tell
	 * which it was.
	 */
	async #openAgain() {
		const asked = fetch(STREAM, { method: "HEAD", redirect: "manual" });
		const { status, type } = await asked.catch(() => Response.error());
		if (status === 401 || status === 403 || type === "opaqueredirect") {
			this.#onState("ended", "Not allowed any more: reload the page");
			return;
		}
		setTimeout(() => {
			this.#source = undefined;
			this.open();
		}, PAUSE);
	}
}
