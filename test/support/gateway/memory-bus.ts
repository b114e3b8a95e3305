import type { ServiceBroker } from "moleculer";
import type {
	Bus,
	BusSubscription,
	EventGroups,
	Listener,
	Source,
	Subscriber
} from "../../../mixins/sse/bus/bus.ts";
import { SafeSubscriber } from "../../../mixins/sse/bus/safe-subscriber.ts";
import { SEND } from "../../../mixins/sse/core/event/event.ts";
import { CLOSE, writeClose } from "../../../mixins/sse/core/revocation/revocation.ts";
import { groupsOf } from "../../../mixins/sse/moleculer/broadcast/broadcast-options.ts";
import { isForGroup } from "../../../mixins/sse/moleculer/broadcast/event-group.ts";
import { ReadableBus } from "./readable-bus.ts";

/** Something that was sent, and when. */
interface Entry {
	readonly kind: "event" | "revocation";
	readonly nodeID: string;
	readonly at: number;
	readonly content: object;
	/** Whom it is for; undefined = all. */
	readonly groups: readonly string[] | undefined;
	/** An event's payload, and the span in which it was sent. */
	readonly json?: Uint8Array;
	readonly trace?: Source["trace"];
}

/** Shared by all nodes of a test: everything that was sent, in one order. */
export class SharedMemory {
	readonly #entries: Entry[] = [];
	readonly #readers = new Map<Subscriber, EventGroups | undefined>();

	add(sent: Omit<Entry, "at">): void {
		const entry: Entry = { ...sent, at: Date.now() };
		this.#entries.push(entry);
		for (const reader of this.#readers.keys()) this.#tell(reader, entry, this.#entries.length);
	}

	read(subscriber: Subscriber, past: number, groups: EventGroups | undefined): BusSubscription {
		this.#readers.set(subscriber, groups);
		const from = Date.now() - past;
		for (const [index, entry] of this.#entries.entries()) {
			if (entry.at >= from) this.#tell(subscriber, entry, index + 1, entry.at);
		}
		return {
			filled: Promise.resolve(),
			promising: true,
			working: true,
			end: async () => void this.#readers.delete(subscriber)
		};
	}

	#tell(
		reader: Subscriber,
		{ kind, nodeID, content, groups, json, trace, at }: Entry,
		place: number,
		past?: number
	): void {
		const listener: Listener = kind === "event" ? reader.receive : reader.revoked;
		const id = `${place}-${at}`;
		const group = this.#readers.get(reader)?.[kind === "event" ? SEND : CLOSE];
		const isForReader = isForGroup(groups, group);
		if (!isForReader) reader.note(id, past);
		else listener(content, { nodeID, id, json, trace, ...(past !== undefined && { past }) });
	}
}

/** A third, minimal bus: nodes of one process share what they have sent. */
export class MemoryBus extends ReadableBus {
	readonly #memory: SharedMemory;
	readonly #broker: ServiceBroker;

	constructor(memory: SharedMemory, broker: ServiceBroker) {
		super();
		this.#memory = memory;
		this.#broker = broker;
	}

	readonly publish: Bus["publish"] = async ({ eventName, sessionId }, json, options, trace) => {
		const { nodeID } = this.#broker;
		const content = { eventName, sessionId };
		const groups = groupsOf(options);
		this.#memory.add({ kind: "event", nodeID, content, groups, json: Buffer.from(json), trace });
	};

	readonly revoke: Bus["revoke"] = async (revocation, options) => {
		const { nodeID } = this.#broker;
		const groups = groupsOf(options);
		this.#memory.add({ kind: "revocation", nodeID, content: writeClose(revocation), groups });
	};

	subscribe(subscriber: Subscriber, past: number, groups?: EventGroups): BusSubscription {
		return this.#memory.read(new SafeSubscriber(subscriber, this.#broker.logger), past, groups);
	}

	readonly state: Bus["state"] = {
		kind: "stream",
		connected: true,
		working: true,
		position: null,
		lag: null,
		outbox: { events: 0, bytes: 0 }
	};
}
