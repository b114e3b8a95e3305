import { type Member, PATIENCE } from "./member.ts";
import { createMembers } from "./members.ts";
import type { Hears } from "./messages.ts";
import type { TakeEvent } from "./parser.ts";

/** Milliseconds within which a new leader hears where the others are. */
const ROLL_CALL = 100;
/** Milliseconds after which a leader asks again who is there. */
const ROUND = 60_000;

/** What a tab with a stream does, for itself and for those who follow. */
export interface Leader {
	/** The names of the next stream. */
	names(): string[];
	/** Where the next stream begins: where the one was that is furthest behind. */
	place(): string;
	/** Passes on what the stream has brought. */
	readonly pass: TakeEvent;
	readonly hears: Hears<"hello" | "bye">;
	/** Nobody leads: it goes on with its stream, and others may follow. */
	begin(): void;
	/** Another one has led: where all are is asked first. */
	takeOver(): void;
	/** Opens again, once a turn, whatever there was. */
	reopen(): void;
	/** Names were refused: new ones of others are let go of. If there are none, others go on without this tab. */
	retreats(): boolean;
	/** Forgets who follows. */
	forget(): void;
	/** Opens nothing again. */
	stop(): void;
}

export function createLeader(tab: Member): Leader {
	let members = createMembers();
	/** The places of members that the next stream has to begin before. */
	const places = new Set<string>();
	/** Whether others may follow, known or not. */
	let isFollowed = false;
	/** The names of its stream, and the last id that it brought, or that it was opened with. */
	let asked: string[] = [];
	let lastId = "";
	let reopening: ReturnType<typeof setTimeout> | undefined;

	const union = (): string[] => members.union(tab.names());
	const tell = (isNew: boolean): void => tab.post("open", tab.opened, lastId, isNew);
	const stop = (): void => clearTimeout(reopening);
	const reopen = (): void => {
		stop();
		reopening = setTimeout(() => {
			if (tab.role === "follower") return;
			tab.connection.open();
			tab.lost();
		});
	};
	/** Opens again if other names are wanted. */
	const change = (): boolean => {
		const hasChanged = union().join("\n") !== asked.join("\n");
		if (hasChanged) reopen();
		return hasChanged;
	};
	/** Those who have gone without a word are forgotten, and their names. */
	const callRoll = (): void => {
		members.call();
		tab.post("who", false);
		tab.wait(PATIENCE, () => {
			members.forget();
			change();
			tab.wait(ROUND, callRoll);
		});
	};

	return {
		names: () => (asked = union()),
		place() {
			const { seen, place } = tab.inbox;
			lastId = seen.oldest(new Set([...places, place])) ?? place;
			return lastId;
		},
		pass(name, data, id) {
			if (name === "sse.open") {
				places.clear();
				tell(true);
			}
			// also if nobody seems to be left: who was too busy to answer hears it later
			if (isFollowed) tab.post("event", lastId, name, data, id);
			lastId = id || lastId;
		},
		hears: {
			hello(from, names, place) {
				isFollowed = true;
				if (!members.add(from, names, tab.names())) return;
				const isBehind = tab.inbox.seen.has(place);
				if (isBehind) places.add(place);
				if (!tab.connection.isOpen) tab.post("connecting");
				else if (isBehind) reopen();
				else if (!change()) tell(false);
			},
			bye(from) {
				if (members.remove(from)) change();
			}
		},
		begin() {
			tab.role = "leader";
			callRoll();
			tab.settle();
		},
		takeOver() {
			tab.role = "leader";
			// all others were refused as well
			if (tab.refusal) return tab.end(tab.refusal);
			isFollowed = true;
			tab.connection.close();
			tab.post("who", true);
			tab.wait(ROLL_CALL, () => {
				tab.connection.open();
				tab.wait(ROUND, callRoll);
			});
			tab.inbox.release();
			tab.lost();
		},
		reopen,
		retreats() {
			const before = asked.length;
			const known = [...tab.opened.eventNames, ...tab.names()];
			if (tab.role === "leader" && !members.retreat(known, before - 1)) tab.leave();
			return union().length < before;
		},
		forget() {
			members = createMembers();
			places.clear();
		},
		stop
	};
}
