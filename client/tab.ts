import { type Access, Connection } from "./connection.ts";
import { Group, type TabMessage } from "./group.ts";
import { Inbox, type InboxHost } from "./inbox.ts";
import type { Scope } from "./scope.ts";

/** `degraded`: open, but the gateway does not hear the other nodes now. */
export type State = "connecting" | "open" | "degraded" | "closed";

export interface TabHost extends InboxHost {
	names(): string[];
	state(state: State): void;
	/** @param closeReason What the last `sse.close` gave as its reason. */
	end(reason: string, closeReason: string | undefined): void;
}

/** Milliseconds within which a leader answers; a hidden tab is slow. */
const PATIENCE = 2000;
/** Milliseconds of silence after which a leader is asked, if its gateway sends no heartbeats: half of them. */
const HEARTBEAT = 15_000;
/** Milliseconds within which a new leader hears where the others are. */
const ROLL_CALL = 100;
/** Milliseconds after which a tab that cannot follow yet asks again. */
const ASK_AGAIN = 10_000;

const ENDS: Readonly<Record<number, string>> = { 401: "unauthorized", 403: "forbidden" };

/**
 * One tab. It opens a stream of its own, and learns by `sse.open` whose it is. If no other tab of the session leads, it does, and
 * passes on what comes; otherwise it follows, and closes its own. A leader's stream begins where the tab was that is furthest
 * behind: whoever was there once misses nothing of it, and ids tell what is a repeat.
 */
export class Tab {
	readonly #scope: Scope;
	readonly #host: TabHost;
	readonly #inbox: Inbox;
	readonly #connection: Connection;
	/** What tabs have to have in common to share, beside the session; undefined: this one does not. */
	readonly #shareAs: string | undefined;
	readonly #id = `${Math.random()}`;
	#group: Group | undefined;
	/** `alone` with a stream of its own; it may become another one. */
	#role: "alone" | "leader" | "follower" = "alone";
	#session: string | undefined;
	#closeReason: string | undefined;
	/** Of a leader: the names that each other tab wants, and the places that its next stream has to begin before. */
	readonly #others = new Map<string, string[]>();
	readonly #places = new Set<string>();
	/** The names of its stream, and the last id that it brought, or that it was opened with. */
	#names: string[] = [];
	#lastId = "";
	#heartbeat = 0;
	/** Of a follower: `performance.now()` when its leader was heard last. */
	#heardAt = 0;
	#state: "open" | "degraded" = "open";
	#timer: ReturnType<typeof setTimeout> | undefined;
	#reopening: ReturnType<typeof setTimeout> | undefined;

	constructor(scope: Scope, access: Access, shareAs: string | undefined, host: TabHost) {
		this.#scope = scope;
		this.#host = host;
		this.#shareAs = shareAs;
		this.#inbox = new Inbox(host);
		this.#connection = new Connection(scope, access, {
			names: () => (this.#names = this.#union()),
			place: () => (this.#lastId = this.#begin()),
			take: (name, data, id) => this.#fromStream(name, data, id),
			lost: () => {
				host.state("connecting");
				this.#post({ type: "lost" });
			},
			refused: status => this.#end(ENDS[status] ?? "stopped")
		});
	}

	/** Opens, or opens again. */
	start(): void {
		this.stop();
		this.#host.state("connecting");
		if (this.#shareAs) this.#inbox.hold();
		this.#connection.open();
	}

	/** Closes what there is; it may be started again. */
	stop(): void {
		clearTimeout(this.#timer);
		clearTimeout(this.#reopening);
		this.#connection.close();
		this.#inbox.close();
		this.#group?.post({ type: "bye", from: this.#id });
		this.#group?.leave();
		this.#group = undefined;
		this.#others.clear();
		this.#places.clear();
		this.#role = "alone";
	}

	/** The network is back, or the page. */
	hurry(): void {
		this.#connection.hurry();
	}

	/** The names have changed, or the network has. */
	refresh(): void {
		if (this.#role === "follower") this.#hello();
		else this.#reopen();
	}

	#fromStream(name: string, data: string, id: string): void {
		if (name === "sse.open") {
			const { session, heartbeat = 0, degraded } = JSON.parse(data);
			if (this.#session !== undefined && session !== this.#session) {
				this.#end("session");
				return;
			}
			this.#session = session;
			this.#state = degraded ? "degraded" : "open";
			this.#heartbeat = heartbeat;
			this.#places.clear();
			this.#open(this.#lastId, true);
		}
		if (name === "sse.close") this.#closeReason = JSON.parse(data).reason;
		if (this.#others.size > 0) this.#post({ type: "event", after: this.#lastId, name, data, id });
		if (id !== "") this.#lastId = id;
		this.#inbox.take(name, data, id);
		if (name !== "sse.open") return;
		if (!this.#inbox.isFresh) this.#host.state(this.#state);
		if (this.#group === undefined) this.#join();
	}

	/** It begins here, if it has not yet: with a stream of its own. */
	#settle(): void {
		this.#inbox.release();
		if (this.#connection.isOpen) this.#host.state(this.#state);
	}

	/** Looks for others, now that it is known whose stream this is. */
	#join(): void {
		const share = this.#shareAs && this.#session;
		this.#group = share
			? Group.join(this.#scope, `${this.#shareAs} ${share}`, {
					hear: message => this.#hear(message),
					lead: () => this.#lead(),
					deposed: () => this.start()
				})
			: undefined;
		const group = this.#group;
		if (group === undefined) {
			this.#settle();
			return;
		}
		group.claim().then(leads => {
			if (this.#group !== group) return;
			if (leads && this.#role === "follower") this.#lead();
			else if (this.#role !== "alone") return;
			else if (leads) {
				this.#role = "leader";
				this.#settle();
				this.#open(this.#lastId, false);
			} else this.#ask();
		});
	}

	/** Asks the leader to follow it; goes on alone meanwhile, if it cannot wait. */
	#ask(): void {
		this.#hello();
		this.#wait(PATIENCE, () => {
			this.#settle();
			this.#wait(ASK_AGAIN, () => this.#ask());
		});
	}

	#hello(): void {
		const isBehind = this.#role === "alone" && !this.#inbox.isFresh;
		const place = isBehind ? this.#inbox.place : "";
		this.#post({ type: "hello", from: this.#id, names: this.#host.names(), place }, true);
	}

	#hear(message: TabMessage): void {
		const leads = this.#role === "leader";
		this.#heardAt = performance.now();
		if (message.type === "end") this.#finish(message.reason, message.closeReason);
		else if (message.type === "who") this.#answer();
		else if (message.type === "hello" && leads) this.#meet(message);
		else if (message.type === "bye" && this.#others.delete(message.from) && leads) this.#change();
		else if (leads) return;
		else if (message.type === "open") this.#follow(message);
		else if (this.#role !== "follower") return;
		else if (message.type === "event") this.#fromLeader(message);
		else if (message.type === "lost") this.#host.state("connecting");
	}

	/** A new leader asks: where it is counts, whether it follows or not. */
	#answer(): void {
		const { place, isFresh } = this.#inbox;
		const names = this.#host.names();
		this.#post({ type: "hello", from: this.#id, names, place: isFresh ? "" : place }, true);
	}

	#follow({ at, isNew, names, heartbeat, state }: TabMessage & { type: "open" }): void {
		if (!this.#host.names().every(name => names.includes(name))) {
			this.#hello();
			return;
		}
		const { isFresh, seen } = this.#inbox;
		const goesOn = isNew ? at === "" || seen.has(at) : this.#role === "follower";
		if (!isFresh && !goesOn) {
			if (this.#role === "follower") this.start();
			return;
		}
		this.#role = "follower";
		this.#connection.close();
		this.#heartbeat = heartbeat;
		this.#inbox.release(at);
		this.#host.state(state);
		this.#watch();
	}

	#fromLeader({ after, name, data, id }: TabMessage & { type: "event" }): void {
		// something has not come: this tab was frozen
		if (after !== "" && !this.#inbox.seen.has(after)) {
			this.start();
			return;
		}
		if (name === "sse.close") this.#closeReason = JSON.parse(data).reason;
		this.#inbox.take(name, data, id);
	}

	/** Of a follower: what does not answer is taken for gone. */
	#watch(): void {
		const silence = 2 * (this.#heartbeat || HEARTBEAT);
		const left = (): number => this.#heardAt + silence - performance.now();
		this.#wait(left(), () => {
			if (left() > 0) return this.#watch();
			this.#hello();
			this.#wait(PATIENCE, () => (left() > 0 ? this.#watch() : this.#group?.steal()));
		});
	}

	#wait(milliseconds: number, then: () => void): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(then, milliseconds);
	}

	/** Takes over: where all are is asked first. */
	#lead(): void {
		this.#role = "leader";
		this.#connection.close();
		this.#inbox.release();
		this.#host.state("connecting");
		this.#post({ type: "who" });
		this.#wait(ROLL_CALL, () => this.#connection.open());
	}

	#meet({ from, names, place }: TabMessage & { type: "hello" }): void {
		this.#others.set(from, names);
		const isBehind = this.#inbox.seen.has(place);
		if (isBehind) this.#places.add(place);
		if (!this.#connection.isOpen) this.#post({ type: "lost" });
		else if (isBehind) this.#reopen();
		else if (!this.#change()) this.#open(this.#lastId, false);
	}

	/** Opens again if other names are wanted. */
	#change(): boolean {
		const hasChanged = this.#union().join("\n") !== this.#names.join("\n");
		if (hasChanged) this.#reopen();
		return hasChanged;
	}

	/** Once a turn, whatever there was. */
	#reopen(): void {
		clearTimeout(this.#reopening);
		this.#reopening = setTimeout(() => {
			if (this.#role === "follower") return;
			this.#host.state("connecting");
			this.#post({ type: "lost" });
			this.#connection.open();
		});
	}

	#union(): string[] {
		return [...new Set([...this.#host.names(), ...[...this.#others.values()].flat()])].sort();
	}

	/** Where the next stream begins. */
	#begin(): string {
		const { seen, place } = this.#inbox;
		return seen.oldest(new Set([...this.#places, place])) ?? place;
	}

	#open(at: string, isNew: boolean): void {
		const [heartbeat, state, names] = [this.#heartbeat, this.#state, this.#names];
		this.#post({ type: "open", at, isNew, names, heartbeat, state });
	}

	/** @param always Of others than the leader, too. */
	#post(message: TabMessage, always = false): void {
		if (always || this.#role === "leader") this.#group?.post(message);
	}

	#end(reason: string): void {
		this.#post({ type: "end", reason, closeReason: this.#closeReason });
		this.#finish(reason, this.#closeReason);
	}

	#finish(reason: string, closeReason: string | undefined): void {
		this.stop();
		this.#host.end(reason, closeReason);
	}
}
