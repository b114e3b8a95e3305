/** Gives events their ids: one sequence per origin and epoch, without holes. */
export interface IdSource {
	/** The next id, `<origin>.<epoch>.<seq>`; `seq` counts from 1. */
	next(): string;
	/** Nothing was sent under that id: the next event gets it. Does nothing unless it is the last id that was given. */
	takeBack(id: string): void;
	/** The epoch, and how many ids were given. */
	readonly position: Position;
	/** The last id that was given; null before the first. */
	readonly last: string | null;
}

/** How far an origin has come. */
export interface Position {
	readonly epoch: string;
	readonly seq: number;
}

/** A parsed id. */
export interface EventId extends Position {
	readonly origin: string;
}

/**
 * @param origin The sending node's id, encoded so that it fits a header whatever it contains.
 * @param epoch One life of that node: a restart begins a new one, so that a sequence that starts again at 1 is never taken for
 * the old one.
 */
export function createIdSource(origin: string, epoch: string): IdSource {
	const prefix = `${encodeOrigin(origin)}.${epoch}.`;
	let seq = 0;
	return {
		next: () => prefix + ++seq,
		takeBack(id) {
			if (id === prefix + seq) seq--;
		},
		get position() {
			return { epoch, seq };
		},
		get last() {
			return seq === 0 ? null : prefix + seq;
		}
	};
}

/**
 * A new epoch, 41 random bits as eight characters: two lives of one node never share one.
 *
 * @param random A number from 0 up to 1, exclusive.
 */
export function newEpoch(random: number = Math.random()): string {
	return Math.floor(random * 36 ** 8)
		.toString(36)
		.padStart(8, "0");
}

/** Characters of an epoch that name the life of its node; the rest names one of several sequences in it. */
const LIFE_LENGTH = 8;

/** The life that an epoch belongs to. */
export function lifeOf(epoch: string): string {
	return epoch.slice(0, LIFE_LENGTH);
}

/** A node id as it is written in ids. */
export function encodeOrigin(nodeID: string): string {
	return encodeURIComponent(nodeID.toWellFormed());
}

/** Node ids may contain dots; epochs and sequences do not. No sign, no leading zero, no exponent. */
const ID = /^([\x21-\x7e]+)\.([0-9a-z]+)\.(0|[1-9][0-9]{0,15})$/;

/** Parses an id; undefined if it is invalid, because ids come back from clients, which may send anything. */
export function parseId(id: string): EventId | undefined {
	const [, origin, epoch, digits] = ID.exec(id) ?? [];
	if (origin === undefined || epoch === undefined) return undefined;
	const seq = Number(digits);
	return Number.isSafeInteger(seq) ? { origin, epoch, seq } : undefined;
}
