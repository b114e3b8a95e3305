import type { OpenEvent } from "./open-event.ts";

/**
 * A stream is open: whose is it (docs/protocol.md, 4.1.1 and 12.7)? One that does not say whose it is changes nothing, and one that
 * is `issued`, whose cookie nobody has come with yet, may be followed by any other.
 *
 * @returns `ends`: it is somebody else's; `loads`: it brings other events than those before, so that the state is another.
 */
export type MeetSession = (open: OpenEvent) => "ends" | "loads" | undefined;

export function createSession(): MeetSession {
	/** The last stream that said it. */
	let before: OpenEvent | undefined;
	return open => {
		const last = before;
		if (!open.session) return undefined;
		const isOther = last && last.session !== open.session;
		if (isOther && !last.issued) return "ends";
		before = open;
		return isOther || (last && last.groups !== open.groups) ? "loads" : undefined;
	};
}
