import type { Entry, Mark, Sent } from "./log.ts";

type Counted =
	| ("events" | "delivered" | "lost" | "told" | "resets")
	| ("repeats" | "foreign" | "disordered" | "doubles" | "late");

export interface ClientVerdict {
	readonly counts: Record<Counted, number>;
	/** When what it lacked at some time was sent, whether or not it arrived since. */
	readonly missed: readonly number[];
	/** What went wrong first, in words. */
	readonly first: string | undefined;
}

/** One sender, as one client sees it. */
interface Sequence {
	readonly due: readonly Sent[];
	/** The place of an event in `due`, by its number. */
	readonly places: ReadonlyMap<number, number>;
	/** Ids of what arrived, by place. */
	readonly ids: Map<number, string | undefined>;
	readonly told: Set<number>;
	readonly lost: Set<number>;
	/** Optional events that did not arrive. */
	readonly without: Set<number>;
	/** When what was missing at some time was sent, whether or not it arrived since. */
	readonly missed: number[];
	/** The place after the furthest event that arrived. */
	next: number;
	/** The newest reset since that event. */
	reset: number;
	/** The furthest place that arrived on the stream that is open now, -1 if none did. */
	ofStream: number;
}

export function judgeClient(
	sequences: readonly (readonly Sent[])[],
	entries: readonly Entry[]
): ClientVerdict {
	const bySender = new Map<string, Sequence>();
	for (const due of sequences) {
		const [event] = due;
		if (event !== undefined) bySender.set(event.from, begin(due));
	}
	const byId = new Map<string, string>();
	const counts = { repeats: 0, resets: 0, foreign: 0, disordered: 0, doubles: 0, late: 0 };
	let first: string | undefined;

	const take = (id: string | undefined, data: unknown): string | undefined => {
		const mark = readMark(data);
		const sequence = mark && bySender.get(mark.from);
		const place = mark && sequence?.places.get(mark.n);
		if (sequence === undefined || place === undefined) {
			counts.foreign++;
			return `foreign: ${JSON.stringify(data)} (${id})`;
		}
		const name = `${mark?.from} ${mark?.n}`;
		if (id !== undefined) {
			const other = byId.get(id);
			if (other !== undefined && other !== name) {
				counts.doubles++;
				return `one id on two events: ${id} on ${other} and ${name}`;
			}
			byId.set(id, name);
		}
		if (sequence.ids.has(place)) {
			const before = sequence.ids.get(place);
			// Without one it was given while something was suspected to be missing.
			const isOther = id !== undefined && before !== undefined && before !== id;
			if (isOther) {
				counts.doubles++;
				return `one event under two ids: ${name} under ${before} and ${id}`;
			}
			counts.repeats++;
			return disorder(sequence, place, name);
		}
		sequence.ids.set(place, id);
		if (place < sequence.next) {
			const wasTold = sequence.told.delete(place);
			sequence.lost.delete(place);
			sequence.without.delete(place);
			if (!wasTold) {
				counts.disordered++;
				return `disordered: ${name} behind a later one`;
			}
			counts.late++;
			return disorder(sequence, place, name);
		}
		const hole = miss(sequence, place);
		sequence.next = place + 1;
		sequence.ofStream = place;
		return hole && `lost: ${hole}, then ${name}`;
	};
	/** Duplicates are written in order too, stream by stream. */
	const disorder = (sequence: Sequence, place: number, name: string): string | undefined => {
		const behind = place <= sequence.ofStream;
		sequence.ofStream = Math.max(sequence.ofStream, place);
		if (!behind) return undefined;
		counts.disordered++;
		return `disordered: ${name} behind a later one of the same stream`;
	};

	for (const entry of entries) {
		if (entry.kind === "event") {
			const finding = take(entry.id, entry.data);
			first ??= finding;
		} else if (entry.kind === "reset") {
			counts.resets++;
			for (const sequence of bySender.values()) sequence.reset = entry.at;
		} else {
			for (const sequence of bySender.values()) sequence.ofStream = -1;
		}
	}
	const result = { events: 0, delivered: 0, lost: 0, told: 0 };
	const missed: number[] = [];
	for (const sequence of bySender.values()) {
		const tail = miss(sequence, sequence.due.length);
		first ??= tail && `lost: ${tail}, at the end`;
		missed.push(...sequence.missed);
		result.events += sequence.due.length - sequence.without.size;
		result.delivered += sequence.ids.size;
		result.lost += sequence.lost.size;
		result.told += sequence.told.size;
	}
	return { counts: { ...result, ...counts }, missed, first };
}

function begin(due: readonly Sent[]): Sequence {
	return {
		due,
		places: new Map(due.map(({ n }, place) => [n, place])),
		ids: new Map(),
		told: new Set(),
		lost: new Set(),
		without: new Set(),
		missed: [],
		next: 0,
		reset: -Infinity,
		ofStream: -1
	};
}

/** Records what is missing before a place as told or lost, and names what is lost. */
function miss(sequence: Sequence, before: number): string | undefined {
	const silent: Sent[] = [];
	for (let place = sequence.next; place < before; place++) {
		const event = sequence.due[place] as Sent;
		sequence.missed.push(event.at);
		if (event.optional) sequence.without.add(place);
		else if (event.at <= sequence.reset) sequence.told.add(place);
		else {
			sequence.lost.add(place);
			silent.push(event);
		}
	}
	const [from, to] = [silent[0], silent.at(-1)];
	if (from === undefined || to === undefined) return undefined;
	const { reset } = sequence;
	const newest = Number.isFinite(reset) ? `the reset was at ${Math.round(reset)}` : "no reset";
	return (
		`${silent.length} of ${from.from}, ${from.n} to ${to.n}, ` +
		`sent at ${Math.round(from.at)} to ${Math.round(to.at)}, ${newest}`
	);
}

function readMark(data: unknown): Mark | undefined {
	if (typeof data !== "object" || data === null) return undefined;
	const { from, n } = data as Partial<Mark>;
	return typeof from === "string" && typeof n === "number" ? { from, n } : undefined;
}
