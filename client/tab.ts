import { type Access, type Connection, createConnection } from "./connection.ts";
import { type Group, type GroupHost, joinGroup } from "./group.ts";
import { createInbox, type Inbox, type InboxHost } from "./inbox.ts";
import { areIn, createMembers } from "./members.ts";
import type { TabMessage } from "./messages.ts";
import { type OpenEvent, readOpen } from "./open-event.ts";
import type { Scope } from "./scope.ts";
import { Session } from "./session.ts";

/** `degraded`: open, but the gateway does not hear the other nodes now. */
export type State = "connecting" | "open" | "degraded" | "closed";

export interface TabHost extends InboxHost {
	names(): string[];
	/** The events whose payload is a text. */
	texts(names: readonly string[]): void;
	state(state: State): void;
	/** @param closeReason What the last `sse.close` gave as its reason. */
	end(reason: string, closeReason: string | undefined): void;
}

/** Milliseconds within which a tab answers; a hidden one is slow. */
const PATIENCE = 2000;
/** Milliseconds of silence after which a leader is asked, if its gateway sends no heartbeats: half of them. */
const HEARTBEAT = 15_000;
/** Milliseconds within which a new leader hears where the others are. */
const ROLL_CALL = 100;
/** Milliseconds after which a leader asks again who is there. */
const ROUND = 60_000;
/** Milliseconds after which a tab that cannot follow yet asks again. */
const ASK_AGAIN = 10_000;

const ENDS: Readonly<Record<number, string>> = { 401: "unauthorized", 403: "forbidden" };

/**
 * One tab. It opens a stream of its own, and learns by `sse.open` whose it is, and that its names may be had. If no other tab of
 * the session leads, it does, and passes on what comes; otherwise it follows, and closes its own. A leader's stream begins where
 * the tab was that is furthest behind: whoever was there once misses nothing of it, and ids tell what is a repeat.
 */
export class Tab {
	readonly #scope: Scope;
	readonly #host: TabHost;
	readonly #inbox: Inbox;
	readonly #connection: Connection;
	/** What tabs have to have in common to share, beside the session; undefined: this one does not. */
	readonly #shareAs: string | undefined;
	/** Whether other tabs may have better credentials. */
	readonly #hasOwn: boolean;
	readonly #id = `${Math.random()}`;
	#group: Group | undefined;
	#groupName: string | undefined;
	/** `alone` and `asking` with a stream of its own; who asks is known to a leader, and follows when it can. */
	#role: "alone" | "asking" | "leader" | "follower" = "alone";
	readonly #session = new Session();
	#closeReason: string | undefined;
	/** Why the gateway has refused this tab, so that others may try. */
	#refusal: string | undefined;
	#members = createMembers();
	/** The names of its stream, and the last id that it brought, or that it was opened with. */
	#names: string[] = [];
	#lastId = "";
	/** Of the stream that it has, or follows. */
	#opened: OpenEvent = { eventNames: [], resumed: false, heartbeat: 0 };
	/** Of a follower: `performance.now()` when its leader was heard last. */
	#heardAt = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#reopening: ReturnType<typeof setTimeout> | undefined;

	constructor(scope: Scope, access: Access, shareAs: string | undefined, host: TabHost) {
		this.#scope = scope;
		this.#host = host;
		this.#shareAs = shareAs;
		this.#hasOwn = !!(access.ticket || access.headers);
		this.#inbox = createInbox(host);
		this.#connection = createConnection(scope, access, {
			names: () => (this.#names = this.#union()),
			place: () => (this.#lastId = this.#begin()),
			take: (name, data, id) => this.#fromStream(name, data, id),
			lost: () => this.#lost(),
			retreats: () => this.#retreats(),
			refused: status => this.#refused(status)
		});
	}

	/** Opens, or opens again. */
	start(): void {
		this.stop();
		this.#lost();
		if (this.#shareAs) this.#inbox.hold();
		this.#connection.open();
	}

	/** Closes what there is; it may be started again. */
	stop(): void {
		clearTimeout(this.#reopening);
		this.#leave();
		this.#connection.close();
		this.#inbox.close();
	}

	/** The network is back, or the page. */
	hurry(): void {
		this.#connection.hurry();
	}

	/** The names have changed, or the network has. */
	refresh(): void {
		if (this.#role === "leader" || !this.#group) this.#reopen();
		else if (this.#role === "follower" && areIn(this.#host.names(), this.#opened.eventNames))
			this.#hello();
		// the leader gets no names that the gateway may refuse
		else this.start();
	}

	#leave(): void {
		clearTimeout(this.#timer);
		this.#group?.leave({ type: "bye", from: this.#id });
		this.#group = undefined;
		this.#members = createMembers();
		this.#role = "alone";
	}

	#fromStream(name: string, data: string, id: string): void {
		if (name === "sse.open") {
			const opened = readOpen(data);
			const { session, groups } = opened;
			const change = this.#session.meet(opened);
			if (change === "ends") {
				this.#end("session");
				return;
			}
			if (change) data = JSON.stringify({ ...opened, resumed: false });
			const groupName = this.#shareAs && session && [this.#shareAs, session, groups].join(" ");
			if (groupName !== this.#groupName) this.#leave();
			this.#groupName = groupName;
			this.#set(opened);
			this.#members.places.clear();
			this.#tell(true);
		}
		if (name === "sse.close") this.#closeReason = JSON.parse(data).reason;
		if (this.#members.count() > 0)
			this.#post({ type: "event", after: this.#lastId, name, data, id });
		if (id !== "") this.#lastId = id;
		this.#inbox.take(name, data, id);
		if (name !== "sse.open") return;
		if (!this.#inbox.isFresh) this.#showState();
		if (this.#group === undefined) this.#join();
	}

	#set(opened: OpenEvent): void {
		this.#opened = opened;
		this.#host.texts(opened.texts ?? []);
	}

	#lost(): void {
		this.#host.state("connecting");
		this.#post({ type: "lost" });
	}

	#showState(): void {
		this.#host.state(this.#opened.degraded ? "degraded" : "open");
	}

	/** It begins here, if it has not yet: with a stream of its own. */
	#settle(): void {
		this.#inbox.release();
		if (this.#connection.isOpen) this.#showState();
	}

	/** Looks for others, now that it is known whose stream this is. */
	#join(): void {
		try {
			const name = this.#groupName;
			if (name) this.#group = joinGroup(this.#scope, name, this.#asMember());
		} catch {
			// the browser denies it
		}
		if (this.#group) {
			this.#wait(PATIENCE, () => this.#settle());
			this.#group.claim();
		} else this.#settle();
	}

	#asMember(): GroupHost {
		return {
			hear: message => this.#hear(message),
			claimed: leads => (leads ? this.#begins() : this.#ask()),
			lead: () => this.#lead(),
			deposed: () => this.start(),
			unable: () => {
				if (this.#role === "follower") this.start();
				else {
					this.#leave();
					this.#settle();
				}
			}
		};
	}

	/** Asks the leader to follow it; goes on alone meanwhile, if it cannot wait. */
	#ask(): void {
		this.#role = "asking";
		this.#hello();
		this.#wait(PATIENCE, () => {
			this.#settle();
			this.#wait(ASK_AGAIN, () => this.#ask());
		});
	}

	/** @param tells Whether a leader has to know where it is. */
	#hello(tells: boolean = this.#role === "asking"): void {
		const place = tells && !this.#inbox.isFresh ? this.#inbox.place : "";
		this.#group?.post({ type: "hello", from: this.#id, names: this.#host.names(), place });
	}

	#hear(message: TabMessage): void {
		const leads = this.#role === "leader";
		if (message.type === "end") this.#finish(...message.why);
		else if (message.type === "hello") leads && this.#meet(message);
		else if (message.type === "bye") leads && this.#members.remove(message.from) && this.#change();
		else {
			// all else comes from a leader
			this.#heardAt = performance.now();
			if (leads || this.#role === "alone") return;
			if (message.type === "who") this.#hello(message.isNew || undefined);
			else if (message.type === "open") this.#follow(message);
			else if (this.#role !== "follower") return;
			else if (message.type === "event") this.#fromLeader(message);
			else if (message.type === "lost") this.#host.state("connecting");
		}
	}

	#follow({ at, isNew, opened }: TabMessage & { type: "open" }): void {
		const follows = this.#role === "follower";
		const { isFresh, seen } = this.#inbox;
		const goesOn = isFresh || ((isNew || follows) && (at === "" || seen.has(at)));
		if (!goesOn || !areIn(this.#host.names(), opened.eventNames)) {
			// something has not come, or its names were too much
			if (follows) this.start();
			return;
		}
		this.#role = "follower";
		this.#refusal = undefined;
		this.#connection.close();
		this.#set(opened);
		this.#inbox.release(at);
		this.#showState();
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
		const silence = 2 * (this.#opened.heartbeat || HEARTBEAT);
		const left = (): number => this.#heardAt + silence - performance.now();
		this.#wait(left(), () => {
			if (left() > 0) return this.#watch();
			this.#hello();
			// not all at once
			this.#wait(PATIENCE * (1 + Math.random()), () =>
				left() > 0 ? this.#watch() : this.#group?.steal()
			);
		});
	}

	#wait(milliseconds: number, then: () => void): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(then, milliseconds);
	}

	/** Nobody leads: it goes on with its stream, and others may follow. */
	#begins(): void {
		this.#role = "leader";
		this.#settle();
		this.#callRoll();
	}

	/** Takes over: where all are is asked first. */
	#lead(): void {
		this.#role = "leader";
		// all others were refused as well
		if (this.#refusal) {
			this.#end(this.#refusal);
			return;
		}
		this.#connection.close();
		this.#inbox.release();
		this.#lost();
		this.#post({ type: "who", isNew: true });
		this.#wait(ROLL_CALL, () => {
			this.#connection.open();
			this.#wait(ROUND, () => this.#callRoll());
		});
	}

	/** Those who have gone without a word are forgotten, and their names. */
	#callRoll(): void {
		this.#members.call();
		this.#post({ type: "who", isNew: false });
		this.#wait(PATIENCE, () => {
			this.#members.forget();
			this.#change();
			this.#wait(ROUND, () => this.#callRoll());
		});
	}

	#meet({ from, names, place }: TabMessage & { type: "hello" }): void {
		if (!this.#members.add(from, names, this.#host.names())) return;
		const isBehind = this.#inbox.seen.has(place);
		if (isBehind) this.#members.places.add(place);
		if (!this.#connection.isOpen) this.#post({ type: "lost" });
		else if (isBehind) this.#reopen();
		else if (!this.#change()) this.#tell(false);
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
			this.#lost();
			this.#connection.open();
		});
	}

	#union(): string[] {
		return this.#members.union(this.#host.names());
	}

	/** Where the next stream begins. */
	#begin(): string {
		const { seen, place } = this.#inbox;
		return seen.oldest(new Set([...this.#members.places, place])) ?? place;
	}

	#tell(isNew: boolean): void {
		this.#post({ type: "open", at: this.#lastId, isNew, opened: this.#opened });
	}

	/** What a leader says. */
	#post(message: TabMessage): void {
		if (this.#role === "leader") this.#group?.post(message);
	}

	/** Names were refused: new ones of others are let go of. If there are none, others go on without this tab. */
	#retreats(): boolean {
		const asked = this.#names.length;
		const known = [...this.#opened.eventNames, ...this.#host.names()];
		if (this.#role === "leader" && !this.#members.retreat(known, asked - 1)) this.#leave();
		return this.#union().length < asked;
	}

	#refused(status: number): void {
		const reason = ENDS[status] ?? "stopped";
		if (status === 401 && this.#hasOwn && this.#role === "leader") {
			// others have their turn: one that can lead is followed
			this.#refusal = reason;
			this.#lost();
			this.#members = createMembers();
			this.#role = "follower";
			this.#heardAt = performance.now();
			this.#watch();
			this.#group?.yield();
		} else this.#end(reason);
	}

	#end(reason: string): void {
		// another session of one tab's own credentials is nothing to the others
		const why = [reason, this.#closeReason] as const;
		if (!this.#hasOwn || reason !== "session") this.#post({ type: "end", why });
		this.#finish(...why);
	}

	#finish(reason: string, closeReason: string | undefined): void {
		this.stop();
		this.#host.end(reason, closeReason);
	}
}
