import type { Access } from "./access.ts";
import { createConnection } from "./connection.ts";
import { createFollower } from "./follower.ts";
import { joinGroup } from "./group.ts";
import { createInbox, type InboxHost } from "./inbox.ts";
import { createLeader } from "./leader.ts";
import { type Member, PATIENCE } from "./member.ts";
import { areIn } from "./members.ts";
import { hear } from "./messages.ts";
import { type Opened, readOpen } from "./open-event.ts";
import type { TakeEvent } from "./parser.ts";
import type { Scope } from "./scope.ts";
import { createSession } from "./session.ts";

/** `degraded`: open, but the gateway does not hear the other nodes now. */
export type State = "connecting" | "open" | "degraded" | "closed";

export interface TabHost extends InboxHost {
	names(): string[];
	show(state: State): unknown;
	/** @param closeReason What the last `sse.close` gave as its reason. */
	end(reason: string, closeReason: string | undefined): void;
}

/** One tab of a page's events. */
export interface Tab {
	/** Of the stream that it has, or follows. */
	readonly opened: Opened;
	/** Opens, or opens again. */
	start(): void;
	/** Closes what there is; it may be started again. */
	stop(): void;
	/** The network is back, or the page. */
	/** @returns Whether it is of use to open again, as {@link Tab.refresh} does. */
	hurry(): boolean;
	/** The names have changed, or the network has. */
	refresh(): void;
}

const ENDS: Readonly<Record<number, string>> = {
	401: "unauthorized",
	403: "forbidden",
	204: "stopped"
};

/**
 * One tab. It opens a stream of its own, and learns by `sse.open` whose it is, and that its names may be had. If no other tab of
 * the session leads, it does, and passes on what comes; otherwise it follows, and closes its own. A leader's stream begins where
 * the tab was that is furthest behind: whoever was there once misses nothing of it, and ids tell what is a repeat.
 *
 * @param shareAs What tabs have to have in common to share, beside the session; false or undefined: this one does not.
 */
export function createTab(
	scope: Scope,
	access: Access,
	shareAs: string | false | undefined,
	host: TabHost
): Tab {
	/** Whether other tabs may have better credentials. */
	const hasOwn = access.ticket || access.headers;
	const meet = createSession();
	let groupName: string | false | undefined;
	let closeReason: string | undefined;
	let timer: ReturnType<typeof setTimeout> | undefined;

	const connecting = (): unknown => host.show("connecting");
	const take: TakeEvent = (name, data, id) => {
		if (name === "sse.close") closeReason = JSON.parse(data).reason;
		inbox.take(name, data, id);
	};
	const inbox = createInbox(host);
	const connection = createConnection(scope, access, {
		names: () => leader.names(),
		place: () => leader.place(),
		take: (name, data, id) => fromStream(name, data, id),
		lost: () => tab.lost(),
		retreats: () => leader.retreats(),
		standsBack: () => standBack(),
		refused(status) {
			const reason = ENDS[status] as string;
			if (status !== 401 || !standBack(reason)) tab.end(reason);
		}
	});
	/**
	 * Others have their turn, if it leads: one that can is followed. That there is no stream was told when that was lost.
	 *
	 * @param refusal Why it cannot lead any more; undefined: it may try again in its turn.
	 */
	const standBack = (refusal?: string): boolean => {
		// what is refused to one with a cookie is refused to all
		if (!hasOwn || tab.role !== "leader") return false;
		tab.refusal = refusal;
		leader.forget();
		tab.role = "follower";
		follower.watch();
		tab.group?.yield();
		return true;
	};
	const tab: Member & Tab = {
		role: "alone",
		opened: { eventNames: [] },
		id: `${Math.random()}`,
		inbox,
		connection,
		names: host.names,
		start() {
			halt();
			if (shareAs) inbox.hold();
			connection.open();
			connecting();
		},
		leave() {
			clearTimeout(timer);
			tab.group?.leave();
			tab.group = undefined;
			tab.role = "alone";
			leader.forget();
		},
		settle() {
			inbox.release();
			if (connection.isOpen) tab.showState();
		},
		lost() {
			connecting();
			tab.post("connecting");
		},
		showState: () => host.show(tab.opened.degraded ? "degraded" : "open"),
		post(...message) {
			if (tab.role === "leader") tab.group?.post(message);
		},
		wait(milliseconds, then) {
			clearTimeout(timer);
			timer = setTimeout(then, milliseconds);
		},
		end(reason) {
			// another session of one tab's own credentials is nothing to the others
			if (!hasOwn || reason !== "session") tab.post("end", reason, closeReason);
			finish(reason, closeReason);
		},
		stop() {
			// not if it begins again: its leader would do without its names for a moment
			tab.group?.post(["bye", tab.id]);
			halt();
		},
		hurry: connection.hurry,
		refresh() {
			if (tab.role === "leader" || !tab.group) leader.reopen();
			else if (tab.role === "follower" && areIn(host.names(), tab.opened.eventNames))
				follower.greet();
			// the leader gets no names that the gateway may refuse
			else tab.start();
		}
	};
	const leader = createLeader(tab);
	const follower = createFollower(tab, take, connecting);

	const halt = (): void => {
		leader.stop();
		tab.leave();
		connection.close();
		inbox.close();
	};
	const finish = (reason: string, lastReason: string | undefined): void => {
		tab.stop();
		host.end(reason, lastReason);
	};
	const fromStream: TakeEvent = (name, data, id) => {
		if (name === "sse.open") {
			const opened = readOpen(data);
			const { session, groups } = opened;
			const change = meet(opened);
			if (change === "ends") return tab.end("session");
			if (change) data = JSON.stringify({ ...opened, resumed: false });
			const nextName = shareAs && session && [shareAs, session, groups].join(" ");
			if (nextName !== groupName) tab.leave();
			groupName = nextName;
			tab.opened = opened;
		}
		leader.pass(name, data, id);
		take(name, data, id);
		// a handler may have ended it
		if (name !== "sse.open" || !connection.isOpen) return;
		if (!tab.group) join();
		if (!inbox.isFresh) tab.showState();
	};
	/** Looks for others, now that it is known whose stream this is. */
	const join = (): void => {
		try {
			if (groupName)
				tab.group = joinGroup(scope, groupName, {
					hear(message) {
						if (message[0] === "end") {
							// good credentials of its own are not refused because others' were
							if (!hasOwn || tab.refusal) finish(message[1], message[2]);
						} else if (tab.role === "leader") hear(leader.hears, message);
						else if (tab.role !== "alone") follower.hear(message);
					},
					claimed: leads => (leads ? leader.begin() : follower.ask()),
					lead: leader.takeOver,
					deposed: tab.start,
					unable() {
						if (tab.role === "follower") return tab.start();
						tab.leave();
						tab.settle();
					}
				});
		} catch {
			// the browser denies it
		}
		if (tab.group) {
			tab.wait(PATIENCE, tab.settle);
			tab.group.claim();
		} else tab.settle();
	};

	return tab;
}
