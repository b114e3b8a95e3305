import type { Sent, VirtualCluster } from "./cluster.ts";
import type { Got, Page } from "./page.ts";

export interface Verdict {
	/** What must not happen. */
	readonly faults: string[];
	/** How many pages there were. */
	readonly pages: number;
	/** How often pages were told to load their state. */
	told: number;
	/** How often of these nothing had been lost. */
	toldForNothing: number;
}

/** Judges what the pages of a cluster have got once everything works again; then each node sends something once more. */
export async function judge(cluster: VirtualCluster): Promise<Verdict> {
	const verdict: Verdict = {
		faults: [],
		pages: cluster.pages.length,
		told: 0,
		toldForNothing: 0
	};
	for (const page of cluster.pages) {
		judgeMissing(cluster, page, verdict);
		judgeTold(cluster, page, verdict);
	}
	await judgeEnd(cluster, verdict);
	for (const page of cluster.pages) {
		judgeOrder(cluster, page, verdict);
		judgeRepeats(page, verdict);
	}
	return verdict;
}

/** Milliseconds after which a node that nobody hears may be reported as ended. */
const UNHEARD = 55_000;

/**
 * Whether nobody can know of an event (docs/decisions.md, "Senders say where they are", what remains):
 *
 * - nobody had heard its process for long when it was sent, nor has since: by then it may have been reported as ended;
 * - or its process is over, and the gateway had last heard it when it had not sent anything.
 */
function isUnknowable({ sent, network }: VirtualCluster, page: Page, { by, at }: Sent): boolean {
	const { process } = by;
	if (!process.isDead) return false;
	const heardAt = network.heardAt(process);
	if (heardAt < at && at - heardAt > UNHEARD) return true;
	const first = sent.find(event => event.by === by)?.at ?? at;
	return page.visits.some(({ node }) => {
		const isElsewhere = node.nodeID !== by.nodeID;
		return isElsewhere && network.heardAt(process, node.nodeID) < first;
	});
}

/** Most milliseconds between a page's leaving a gateway and its coming to the next. */
const AWAY = 1000;

/**
 * Whether a page was at a gateway then that did not know of its sender, or that this had ever sent anything, and has left it since
 * (docs/transporters.md, "What a gateway cannot know").
 */
function hasLeftUntold({ network }: VirtualCluster, { visits }: Page, sent: Sent): boolean {
	const { at, by, unknownTo } = sent;
	return visits.some(({ node, at: came }, index) => {
		const left = visits[index + 1]?.at;
		if (left === undefined || at < came || left < at || node.nodeID === by.nodeID) return false;
		return unknownTo.includes(node) || network.toldAt(by.process, node.nodeID) > left - AWAY;
	});
}

/** Each event that was sent since a page was open has arrived there, or the page was told since. */
function judgeMissing(cluster: VirtualCluster, page: Page, { faults }: Verdict): void {
	if (page.openedAt === undefined) {
		faults.push(`${page.name} was never opened`);
		return;
	}
	const got = new Set(page.got.map(({ payload }) => payload));
	for (const event of cluster.sent) {
		const { n, by, at } = event;
		if (at <= page.openedAt || got.has(n) || page.isToldSince(at)) continue;
		if (isUnknowable(cluster, page, event) || hasLeftUntold(cluster, page, event)) continue;
		faults.push(`${page.name} has not got ${n} of ${by.process.name}, and was not told`);
	}
}

/** What a sender sends to the same groups arrives in order on each stream, once each. */
function judgeOrder({ sent }: VirtualCluster, page: Page, { faults }: Verdict): void {
	const last = new Map<string, number>();
	for (const { payload, stream } of page.got) {
		const { n, by, groups } = sent[Number(payload) - 1] as Sent;
		const key = `${stream} ${by.process.name} ${groups}`;
		if ((last.get(key) ?? 0) >= n) faults.push(`${page.name} has got ${n} behind ${last.get(key)}`);
		last.set(key, n);
	}
}

/** What arrives again on another stream is recognised by its id. */
function judgeRepeats({ name, got }: Page, { faults }: Verdict): void {
	const ids = new Map<unknown, Got["id"]>();
	for (const { payload, id } of got) {
		const known = ids.get(payload);
		if (known !== undefined && id !== undefined && known !== id) {
			faults.push(`${name} has got ${payload} as ${known} and as ${id}`);
		}
		ids.set(payload, known ?? id);
	}
}

/** Milliseconds within which an event arrives that is not lost. */
const UNDER_WAY = 1000;

/** A replay may bring what was missing after the page has been told of it. */
function judgeTold({ sent }: VirtualCluster, page: Page, verdict: Verdict): void {
	const gotAt = new Map<unknown, number>();
	for (const { payload, at } of page.got) if (!gotAt.has(payload)) gotAt.set(payload, at);
	let since = page.openedAt ?? 0;
	for (const told of page.told) {
		verdict.told++;
		const isLost = ({ n, at }: Sent): boolean => {
			const got = gotAt.get(n) ?? Number.POSITIVE_INFINITY;
			return at >= since && at <= told && got > Math.max(told, at + UNDER_WAY);
		};
		if (!sent.some(isLost)) verdict.toldForNothing++;
		since = told;
	}
}

/** In the end everything arrives everywhere, with its id. */
async function judgeEnd(cluster: VirtualCluster, { faults }: Verdict): Promise<void> {
	if (cluster.gateways.length < 2) faults.push("a gateway is missing");
	for (const node of cluster.up) {
		let withoutId: string[] = [];
		// While a silent node is asked for its position, there are no ids, for a moment.
		for (const _ of [1, 2]) {
			const { n, by } = cluster.send(node);
			await cluster.pass(5000);
			const lastOf = ({ got }: Page): Got | undefined => got.findLast(one => one.payload === n);
			for (const page of cluster.pages) {
				if (lastOf(page) === undefined)
					faults.push(`${page.name} has not got ${n}, of ${by.process.name}`);
			}
			withoutId = cluster.pages
				.filter(page => lastOf(page)?.id === undefined)
				.map(({ name }) => `${name} has got ${n} without an id`);
			if (withoutId.length === 0) break;
		}
		faults.push(...withoutId);
	}
}
