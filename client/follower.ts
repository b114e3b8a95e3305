import { type Member, PATIENCE } from "./member.ts";
import { areIn } from "./members.ts";
import { type Hears, hear, type TabMessage } from "./messages.ts";
import type { TakeEvent } from "./parser.ts";

/** Milliseconds of silence after which a leader is asked, if its gateway sends no heartbeats: half of them. */
const HEARTBEAT = 15_000;
/** Milliseconds after which a tab that cannot follow yet asks again. */
const ASK_AGAIN = 10_000;

/** What a tab does to follow another one. */
export interface Follower {
	/** Asks the leader to follow it; goes on alone meanwhile, if it cannot wait. */
	ask(): void;
	/** Tells the leader its names, and where it is if it asks to follow. */
	greet(): void;
	/** Waits for another one to lead. */
	watch(): void;
	hear(message: TabMessage): void;
}

/**
 * @param take Takes the leader's events.
 * @param connecting The leader has no stream for now.
 */
export function createFollower(tab: Member, take: TakeEvent, connecting: () => unknown): Follower {
	const { inbox } = tab;
	/** `performance.now()` when its leader was heard last. */
	let heardAt = 0;

	/** @param isAsked Whether a leader has asked where it is, which it also says if it asks to follow. */
	const hello = (isAsked?: boolean): void => {
		const tells = isAsked || tab.role === "asking";
		const place = tells && !inbox.isFresh ? inbox.place : "";
		tab.group?.post(["hello", tab.id, tab.names(), place]);
	};
	const ask = (): void => {
		tab.role = "asking";
		hello();
		tab.wait(PATIENCE, () => {
			tab.wait(ASK_AGAIN, ask);
			tab.settle();
		});
	};
	/** What does not answer is taken for gone. */
	const watch = (): void => {
		const silence = 2 * (tab.opened.heartbeat || HEARTBEAT);
		const left = (): number => heardAt + silence - performance.now();
		tab.wait(left(), () => {
			if (left() > 0) return watch();
			hello();
			// not all at once
			tab.wait(PATIENCE * (1 + Math.random()), () => (left() > 0 ? watch() : tab.group?.seize()));
		});
	};
	const hears: Hears<"who" | "open" | "event" | "connecting"> = {
		who: hello,
		open(opened, at, isNew) {
			const follows = tab.role === "follower";
			const goesOn = inbox.isFresh || ((isNew || follows) && (!at || inbox.seen.has(at)));
			if (goesOn && areIn(tab.names(), opened.eventNames)) {
				tab.role = "follower";
				tab.refusal = undefined;
				tab.opened = opened;
				tab.connection.close();
				watch();
				inbox.release(at);
				tab.showState();
				// something has not come, or its names were too much
			} else if (follows) tab.start();
		},
		event(after, name, data, id) {
			if (tab.role !== "follower") return;
			// something has not come: this tab was frozen
			if (after && !inbox.seen.has(after)) tab.start();
			else take(name, data, id);
		},
		connecting() {
			if (tab.role === "follower") connecting();
		}
	};

	return {
		ask,
		greet: hello,
		watch() {
			heardAt = performance.now();
			watch();
		},
		hear(message) {
			// all else comes from others that follow
			if (message[0] in hears) heardAt = performance.now();
			hear(hears, message);
		}
	};
}
