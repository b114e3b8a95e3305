import { element, row, table } from "./elements.js";
import { clock, count, duration, several, size } from "./text.js";

/** Rows of one gateway for streams that got the event. */
const DELIVERED = 20;
/** Stands for what there is not; narrow screens leave it out. */
const NONE = "–";

/** How good or bad a verdict is; what is in no list is neither. */
const MOODS = {
	good: ["delivered"],
	waiting: ["waits", "not-here"],
	bad: ["refused", "dropped", "conflated", "gap", "reset", "revoked", "cut-off"]
};

/** What a search found, as elements. */
export class Findings {
	#answer;

	constructor(answer) {
		this.#answer = answer;
	}

	/** The open streams of the session; undefined if none was asked for, or it has none. */
	get streamTable() {
		const { streams } = this.#answer;
		if (streams === null || streams.streams.length === 0) return undefined;
		const rows = streams.streams.map(stream =>
			row([
				{ label: "Gateway", content: stream.nodeID },
				{ label: "Events", content: someOf(stream.eventNames, stream.eventNameCount) },
				{ label: "Phase", content: stream.phase },
				{ label: "Age", content: duration(stream.age), className: "number" },
				{ label: "Unsent", content: size(stream.unsent), className: "number" }
			])
		);
		return table(["Gateway", "Events", "Phase"], ["Age", "Unsent"], rows);
	}

	/** The verdicts of all gateways; undefined if there is none. */
	get verdictTable() {
		const { listed } = this.#listed;
		if (listed.length === 0) return undefined;
		const rows = listed.map(finding =>
			row([
				{ label: "Verdict", content: chip(finding.verdict) },
				{ label: "Gateway", content: finding.nodeID },
				{ label: "Event", content: eventOf(finding), className: "id" },
				{ label: "Session", content: finding.session ?? NONE, className: "id" },
				{ label: "Stream", content: streamOf(finding), className: "time" },
				{ label: "Details", content: detailsOf(finding) }
			])
		);
		return table(["Verdict", "Gateway", "Event", "Session", "Stream", "Details"], [], rows);
	}

	/** Says what the table leaves out; an empty text if that is nothing. */
	get rest() {
		const total = this.#answer.gateways
			.flatMap(({ counts }) => Object.entries(counts))
			.reduce((sum, [, count]) => sum + count, 0);
		const left = total - this.#listed.listed.length - this.#listed.hidden;
		return left > 0
			? `${several(left, "more verdict")} ${left === 1 ? "is" : "are"} not listed.`
			: "";
	}

	/**
	 * The findings that are worth a row, by event. That the session had no stream at one gateway is not, if it had one at
	 * another; of many streams that got an event, a few are enough.
	 */
	get #listed() {
		const all = this.#answer.gateways.flatMap(({ nodeID, findings }) => {
			let delivered = 0;
			return findings
				.map(finding => ({ nodeID, ...finding }))
				.filter(({ verdict }) => verdict !== "delivered" || delivered++ < DELIVERED);
		});
		const byEvent = new Map();
		for (const finding of all) {
			const { id } = finding;
			byEvent.set(id, [...(byEvent.get(id) ?? []), finding]);
		}
		let hidden = 0;
		const listed = [...byEvent.values()].flatMap(findings => {
			const worth = findings.filter(({ verdict }) => verdict !== "no-stream");
			const shown = worth.length > 0 ? worth : findings.slice(0, 1);
			hidden += findings.length - shown.length;
			if (worth.length > 0 || findings.length === 1) return shown;
			return [{ ...shown[0], nodeID: "any" }];
		});
		return { listed, hidden };
	}

	/** What the verdicts mean. */
	get legend() {
		const meanings = Object.entries(this.#answer.meanings);
		return element(
			"dl",
			{ class: "legend" },
			...meanings.flatMap(([verdict, meaning]) => [
				element("dt", {}, chip(verdict)),
				element("dd", {}, `${meaning}.`)
			])
		);
	}
}

function chip(verdict) {
	const [mood = "neutral"] =
		Object.entries(MOODS).find(([, verdicts]) => verdicts.includes(verdict)) ?? [];
	return element("span", { class: "chip", "data-mood": mood }, verdict);
}

function eventOf({ id, event }) {
	const name = event === null ? [] : [element("span", { class: "name" }, event), " "];
	return element("span", {}, ...name, element("span", { class: "quiet" }, id ?? "no id"));
}

function streamOf({ openedAt, endedAt }) {
	if (openedAt === null) return NONE;
	return `${clock(openedAt)} – ${endedAt === null ? "now" : clock(endedAt)}`;
}

function detailsOf({ at, behind, by, reason }) {
	const details = [
		at === undefined ? "" : `at ${clock(at)}`,
		behind === undefined ? "" : `${size(behind)} unsent`,
		by === undefined ? "" : `by ${by}`,
		reason ?? ""
	];
	return details.filter(Boolean).join(", ") || NONE;
}

function someOf(names, total) {
	const [first = NONE] = names;
	return total > 1 ? `${first} and ${count(total - 1)} more` : first;
}
