import { request } from "node:http";
import type { Duplex } from "node:stream";
import { createParser } from "eventsource-parser";
import { NEWS, type VirtualNode } from "./node.ts";
import type { VirtualTime } from "./time.ts";

/** Milliseconds after which a page comes back when its stream has ended. */
const RETRY = 500;

/** An event that a page got. */
export interface Got {
	/** The argument of {@link VirtualNode.send}. */
	readonly payload: unknown;
	readonly id: string | undefined;
	/** Number of the stream on which it arrived. */
	readonly stream: number;
	/** Milliseconds of virtual time. */
	readonly at: number;
}

/** A page that stays open: whenever its stream ends, it comes back with its last id, to any gateway. */
export class Page {
	readonly name: string;
	readonly got: Got[] = [];
	/** When it was told to load its state, in milliseconds of virtual time. */
	readonly told: number[] = [];
	/** When its first stream had begun; undefined before. */
	openedAt: number | undefined;
	lastId: string | undefined;
	/** Streams that it has opened, including the open one. */
	streams = 0;
	/** The gateway that it is at; undefined while it is away. */
	at: VirtualNode | undefined;
	/** The gateways to which it went, and when. */
	readonly visits: { readonly node: VirtualNode; readonly at: number; readonly isBack: boolean }[] =
		[];
	readonly #time: VirtualTime;
	readonly #choose: () => VirtualNode | undefined;
	readonly #log: (text: string) => void;
	#connection: Duplex | undefined;
	/** Number of its moves: a return that was scheduled before a move is dropped. */
	#moves = 0;

	/** @param choose Returns a gateway to go to; undefined while there is none. */
	constructor(
		name: string,
		time: VirtualTime,
		choose: () => VirtualNode | undefined,
		log: (text: string) => void
	) {
		this.name = name;
		this.#time = time;
		this.#choose = choose;
		this.#log = log;
	}

	/** Whether it was told to load its state at `moment` or later, in milliseconds of virtual time. */
	isToldSince(moment: number): boolean {
		return this.told.some(told => told >= moment);
	}

	/** Goes to a gateway. @param node Default: any. */
	open(node: VirtualNode | undefined = this.#choose()): void {
		this.#moves++;
		if (node === undefined || !node.isUp || node.process.isSuspended) this.leave(RETRY);
		else this.#time.as(undefined, () => this.#open(node));
	}

	/** Leaves, and comes back after so many milliseconds. @param node Default: to any gateway. */
	leave(pause: number, node?: VirtualNode): void {
		this.close();
		const move = this.#moves;
		const back = (): void => {
			if (this.#moves === move) this.open(node);
		};
		this.#time.as(undefined, () => void this.#time.after(pause, back));
	}

	/** Leaves, and does not come back. */
	close(): void {
		this.#moves++;
		const connection = this.#connection;
		this.#connection = undefined;
		this.at = undefined;
		connection?.destroy();
	}

	#open(node: VirtualNode): void {
		const stream = ++this.streams;
		const connection = node.connect();
		this.#connection = connection;
		this.at = node;
		this.visits.push({ node, at: this.#time.now, isBack: this.lastId !== undefined });
		const headers = this.lastId === undefined ? {} : { "last-event-id": this.lastId };
		const isCurrent = (): boolean => this.#connection === connection;
		this.#log(`${this.name} goes to ${node.nodeID}${this.lastId ? ` with ${this.lastId}` : ""}`);
		const parser = createParser({
			onEvent: ({ id, event, data }) => {
				if (isCurrent()) this.#take(stream, id, event, JSON.parse(data));
			}
		});
		const over = () => {
			if (isCurrent()) this.leave(RETRY);
		};
		const path = `/sse/event-stream?eventName=${NEWS}`;
		request({ path, headers, createConnection: () => connection }, response => {
			response.setEncoding("utf8");
			response.on("data", (text: string) => parser.feed(text));
			response.on("close", over);
		})
			.on("error", over)
			.end();
	}

	#take(stream: number, id: string | undefined, event: string | undefined, data: unknown): void {
		const at = this.#time.now;
		if (id !== undefined) this.lastId = id;
		if (event === NEWS) {
			this.#log(
				`${this.name} gets ${JSON.stringify(data)}${id === undefined ? ", without an id" : ""}`
			);
			this.got.push({ payload: data, id, stream, at });
		} else if (event === "sse.open") {
			const { resumed } = data as { resumed: boolean };
			// It has never got an id: it knows that it has come back.
			if (!resumed && this.openedAt !== undefined && !this.visits.at(-1)?.isBack)
				this.told.push(at);
			this.openedAt ??= at;
		} else if (event === "sse.reset") {
			this.#log(`${this.name} is told: ${JSON.stringify(data)}`);
			this.told.push(at);
		}
	}
}
