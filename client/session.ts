import type { OpenEvent } from "./open-event.ts";

/** Whose the streams of a page are (docs/protocol.md, 4.1.1 and 12.7). */
export class Session {
	/** The last stream that said it. */
	#met: OpenEvent | undefined;

	/**
	 * A stream is open. One that does not say whose it is changes nothing, and one that is `issued`, whose cookie nobody has come with
	 * yet, may be followed by any other.
	 *
	 * @returns `ends`: it is somebody else's; `loads`: it brings other events than those before, so that the state is another.
	 */
	meet(open: OpenEvent): "ends" | "loads" | undefined {
		const { session, groups } = open;
		if (!session) return undefined;
		const before = this.#met;
		if (before && before.session !== session && !before.issued) return "ends";
		this.#met = open;
		return before && (before.session !== session || before.groups !== groups) ? "loads" : undefined;
	}
}
