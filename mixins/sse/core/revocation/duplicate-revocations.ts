import { LatestByKey } from "../collections/latest-by-key.ts";
import type { RevocationKey } from "./revocation-key.ts";

/** Most revocations that are remembered; a forgotten one counts as new. */
const MAX_HEARD = 10_000;

interface Heard {
	readonly key: string;
	isWhole: boolean;
	/** Parts that have arrived so far. */
	readonly parts: Set<number>;
}

/** Recognises revocations that were heard before, whichever way they came. */
export class DuplicateRevocations {
	readonly #heard = new LatestByKey<Heard>();

	/** Number of revocations that are remembered. */
	get size(): number {
		return this.#heard.size;
	}

	/** Whether all of it was heard, or this part. */
	has(key: RevocationKey | undefined): boolean {
		if (key === undefined) return false;
		const heard = this.#heard.get(key.id);
		return heard !== undefined && (heard.isWhole || (key.parts > 1 && heard.parts.has(key.part)));
	}

	/** Notes that it was heard. @returns Whether any of it is new; one without a key always is. */
	hear(key: RevocationKey | undefined): boolean {
		if (key === undefined) return true;
		const { id, part, parts } = key;
		const known = this.#heard.get(id);
		const heard = known ?? { key: id, isWhole: false, parts: new Set() };
		if (heard.isWhole || (parts > 1 && heard.parts.has(part))) return false;
		heard.parts.add(part);
		heard.isWhole = parts === 1 || heard.parts.size === parts;
		if (heard.isWhole) heard.parts.clear();
		if (known === undefined) this.#heard.push(heard);
		if (this.#heard.size > MAX_HEARD) this.#heard.shift();
		return true;
	}
}
