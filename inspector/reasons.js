import { element } from "./elements.js";
import { count } from "./text.js";

/** Looks of a minute. */
const MINUTE = 60;
/** What is counted by reason. */
const GROUPS = [
	{ key: "resets", title: "Resets told" },
	{ key: "dropped", title: "Events dropped" },
	{ key: "closed", title: "Streams closed" },
	{ key: "refused", title: "Streams refused" }
];

/** The counts by reason of all gateways, since they started and in the last minute. */
export class Reasons {
	#table;
	/** The newest counts of each gateway. */
	#now = new Map();
	/** What was added by each of the last looks, by group and reason. */
	#added = [];
	#drawn = "";

	constructor(table) {
		this.#table = table;
	}

	take(gateways) {
		const added = new Map();
		const now = new Map();
		for (const { nodeID, service, counts } of gateways) {
			const place = `${nodeID}\n${service}`;
			const before = this.#now.get(place);
			now.set(place, counts);
			if (before === undefined) continue;
			for (const { key } of GROUPS) {
				for (const [reason, total] of Object.entries(counts[key])) {
					const more = total - (before[key][reason] ?? 0);
					// Less than before: the gateway has started again.
					addTo(added, `${key} ${reason}`, more < 0 ? total : more);
				}
			}
		}
		// A gateway that did not answer keeps its counts until it does.
		for (const [place, counts] of this.#now) if (!now.has(place)) now.set(place, counts);
		this.#now = now;
		this.#added.push(added);
		if (this.#added.length > MINUTE) this.#added.shift();
	}

	draw() {
		const bodies = GROUPS.map(group => this.#group(group));
		const text = JSON.stringify(bodies);
		if (text === this.#drawn) return;
		this.#drawn = text;
		for (const body of [...this.#table.tBodies]) body.remove();
		this.#table.append(...bodies.map(bodyOf));
	}

	#group({ key, title }) {
		const totals = new Map();
		for (const counts of this.#now.values()) {
			for (const [reason, total] of Object.entries(counts[key])) addTo(totals, reason, total);
		}
		const rows = [...totals]
			.sort(([, a], [, b]) => b - a)
			.map(([reason, total]) => [reason, this.#recent(`${key} ${reason}`), total]);
		return { key, title, rows };
	}

	#recent(name) {
		return this.#added.reduce((sum, added) => sum + (added.get(name) ?? 0), 0);
	}
}

function bodyOf({ key, title, rows }) {
	const head = element("tr", {}, element("th", { scope: "rowgroup", colspan: "3" }, title));
	const none = element("tr", {}, element("td", { colspan: "3", class: "quiet" }, "none"));
	return element(
		"tbody",
		{ "data-group": key },
		head,
		...(rows.length === 0 ? [none] : rows.map(reasonRow))
	);
}

function reasonRow([reason, recent, total]) {
	return element(
		"tr",
		{ "data-reason": reason },
		element("th", { scope: "row" }, reason),
		element("td", { class: recent > 0 ? "number now" : "number quiet" }, count(recent)),
		element("td", { class: "number" }, count(total))
	);
}

function addTo(counts, name, more) {
	counts.set(name, (counts.get(name) ?? 0) + more);
}
