import type { Source } from "../../bus/bus.ts";
import { isRefusal, type Refusal } from "../../core/errors/refusal.ts";
import { conflationKey, type EventsContract, textEvents } from "../../core/event/contract.ts";
import type { SseEvent } from "../../core/event/event.ts";
import { encodeFrame, type Frame } from "../../core/event/frame.ts";
import { readJson, refuseSize, serialise } from "../../core/event/payload.ts";
import { Slab } from "../../core/event/slab.ts";
import { fromLines, readTextLines } from "../../core/event/text.ts";
import type { IdOrder } from "../../core/history/id-order.ts";
import type { GatewayService } from "../types.ts";

export interface RenderingOptions {
	/** Default: any event. */
	readonly events?: EventsContract | undefined;
	/** Most bytes that a payload may have as JSON; 0 = no limit. */
	readonly eventBytes: number;
	/** Whether events replace earlier ones that wait for a slow client, as the contract says. */
	readonly conflates: boolean;
	/**
	 * Order of ids. A client can come back to an id that it was given: without a history ids are left out, and this is
	 * undefined.
	 */
	readonly order: IdOrder | undefined;
}

/** Renders an event for streams. */
export class Rendering {
	readonly #options: RenderingOptions;
	readonly #texts: ReadonlySet<string>;
	readonly #logger: GatewayService["logger"];
	/** Not shared with another gateway, whose history may be longer: it would hold these events too, uncounted. */
	readonly slab: Slab = new Slab();

	constructor(options: RenderingOptions, logger: GatewayService["logger"]) {
		this.#options = options;
		this.#texts = textEvents(options.events);
		this.#logger = logger;
	}

	/**
	 * The `data` of a frame: the payload's JSON, or its lines if the contract says that it is a text. A sender may have no
	 * contract, or another one.
	 */
	data(event: SseEvent, from: Source): string | Uint8Array | Refusal {
		const json = this.#json(event, from);
		if (isRefusal(json) || !this.#texts.has(event.eventName)) return json;
		return readTextLines(event.eventName, json);
	}

	/**
	 * JSON that was checked at the sender is taken as it is; what comes from a node without `SseMiddleware` is checked here.
	 */
	#json({ json, payload }: SseEvent, from: Source): string | Uint8Array | Refusal {
		const most = this.#options.eventBytes;
		if (from.json !== undefined) {
			return most > 0 && from.json.byteLength > most ? refuseSize("payload", most) : from.json;
		}
		return json === undefined ? serialise(payload, most) : readJson(json, most);
	}

	frame({ eventName, id, sortKey }: SseEvent, data: string | Uint8Array): Frame {
		const { order } = this.#options;
		const known = sortKey === undefined ? id : order?.idOf(sortKey);
		const fields = { id: order && known, event: eventName, data };
		return encodeFrame(fields, this.slab);
	}

	/** The key under which it replaces earlier events that wait for a slow client, if it does. */
	key({ eventName }: SseEvent, data: string | Uint8Array): string | undefined {
		const { conflates, events } = this.#options;
		if (!conflates) return undefined;
		try {
			return conflationKey(events, eventName, () => {
				const text = typeof data === "string" ? data : decoder.decode(data);
				return this.#texts.has(eventName) ? fromLines(text) : JSON.parse(text);
			});
		} catch (error) {
			this.#logger.error(`SSE: "conflate" of the event "${eventName}" failed.`, error);
			return undefined;
		}
	}
}

const decoder = new TextDecoder();
