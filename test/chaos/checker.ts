/**
 * Says of what clients got whether it is what was sent to them: pure, and itself tested against logs
 * that are wrong on purpose.
 */

/** What every event of a scenario carries: who sent it, and the how manieth of that sender it is. */
export interface Mark {
	readonly from: string;
	readonly n: number;
}

/** One event as its sender remembers it. Times are milliseconds of one clock, the clients' too. */
export interface Sent extends Mark {
	readonly at: number;
	/** A session, or `"*"`. */
	readonly sessionId: string;
}

/** What befell a client, over all its streams, in the order in which it did. */
export type Entry =
	| { readonly kind: "opened"; readonly at: number; readonly resumed: boolean }
	| {
			readonly kind: "event";
			readonly at: number;
			readonly id: string | undefined;
			readonly data: unknown;
	  }
	| { readonly kind: "reset"; readonly at: number; readonly reason: string }
	| { readonly kind: "closed"; readonly at: number };

export interface Log {
	readonly sessionId: string;
	readonly entries: readonly Entry[];
}

/** Counts over all clients; an event for three of them counts three times. */
export interface Verdict {
	/** That were due. */
	readonly events: number;
	/** Of those, that came, each counted once: `events - lost - told`. */
	readonly delivered: number;
	/** That came again with the same id and the same data. */
	readonly repeats: number;
	/** That did not come, and of which the client does not know. */
	readonly lost: number;
	/** That did not come, with an `sse.reset` that says so. */
	readonly told: number;
	/** `sse.reset`, whatever it told. */
	readonly resets: number;
	/** That were not for this session, or never sent. */
	readonly foreign: number;
	/** That came behind a later one of the same sender, without having been told as missing. */
	readonly disordered: number;
	/** One event under two ids, or one id on two events. */
	readonly doubles: number;
	/** That were told as missing and came after all, by the replay of a later stream. */
	readonly late: number;
	/** What is wrong, in words, of each client the first: for people. */
	readonly findings: readonly string[];
}

/**
 * Judges a scenario.
 *
 * What is due to a session is, sender by sender, what was sent to it and to `"*"`. A client is in sync
 * with a sender up to the furthest of its events that it has. An event that it lacks is `told` if, after
 * the furthest one before it and not later than the first one behind it (or, at the tail, ever), the
 * client got an `sse.reset` that is not older than the missing event: a client that reloads at a reset
 * knows what was sent until then, and no more. Otherwise it is `lost`.
 *
 * @param sent of every sender, in its order
 */
export function judge(sent: readonly (readonly Sent[])[], logs: readonly Log[]): Verdict {
	const total = {
		events: 0,
		delivered: 0,
		repeats: 0,
		lost: 0,
		told: 0,
		resets: 0,
		foreign: 0,
		disordered: 0,
		doubles: 0,
		late: 0
	};
	const findings: string[] = [];
	for (const log of logs) {
		const due = sent.map(sequence =>
			sequence.filter(({ sessionId }) => sessionId === "*" || sessionId === log.sessionId)
		);
		const { first, ...counts } = judgeClient(due, log.entries);
		for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
		if (first !== undefined) findings.push(`${log.sessionId}: ${first}`);
	}
	return { ...total, findings };
}

/** Whether nothing is wrong: everything came, in order and once, or was told. */
export function isClean({ lost, foreign, disordered, doubles }: Verdict): boolean {
	return lost + foreign + disordered + doubles === 0;
}

/** One sender, as one client sees it. */
interface Sequence {
	readonly due: readonly Sent[];
	/** Where in `due` an event is, by its number. */
	readonly places: ReadonlyMap<number, number>;
	/** Ids of what came, by place. */
	readonly ids: Map<number, string | undefined>;
	readonly told: Set<number>;
	readonly lost: Set<number>;
	/** The place after the furthest event that came. */
	next: number;
	/** The newest reset since that event. */
	reset: number;
	/** The furthest place that came on the stream that is open now, -1 if none did. */
	ofStream: number;
}

function judgeClient(sequences: readonly (readonly Sent[])[], entries: readonly Entry[]) {
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
			if (id === undefined || before !== id) {
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
			if (!wasTold) {
				counts.disordered++;
				return `disordered: ${name} behind a later one`;
			}
			counts.late++;
			return disorder(sequence, place, name);
		}
		const hole = miss(sequence, place);
		sequence.next = place + 1;
		sequence.reset = -Infinity;
		sequence.ofStream = place;
		return hole && `lost: ${hole}, then ${name}`;
	};
	/** Also what repeats is written in order, stream by stream. */
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
	for (const sequence of bySender.values()) {
		const tail = miss(sequence, sequence.due.length);
		first ??= tail && `lost: ${tail}, at the end`;
		result.events += sequence.due.length;
		result.delivered += sequence.ids.size;
		result.lost += sequence.lost.size;
		result.told += sequence.told.size;
	}
	return { ...result, ...counts, first };
}

function begin(due: readonly Sent[]): Sequence {
	return {
		due,
		places: new Map(due.map(({ n }, place) => [n, place])),
		ids: new Map(),
		told: new Set(),
		lost: new Set(),
		next: 0,
		reset: -Infinity,
		ofStream: -1
	};
}

/** Notes what is missing before a place as told or lost, and names what is lost. */
function miss(sequence: Sequence, before: number): string | undefined {
	const silent: Sent[] = [];
	for (let place = sequence.next; place < before; place++) {
		const event = sequence.due[place] as Sent;
		if (event.at <= sequence.reset) sequence.told.add(place);
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
