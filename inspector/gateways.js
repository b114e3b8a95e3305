import { element, say } from "./elements.js";
import { Sparkline } from "./sparkline.js";
import { count, duration, number, several, size } from "./text.js";

/** What is drawn of a gateway. */
const FIGURES = [
	{ key: "rate", label: "Events/s", text: number },
	{ key: "streams", label: "Streams", text: count },
	{ key: "lag", label: "Lag", text: duration },
	{ key: "unsent", label: "Unsent", text: size }
];

/** The list of gateways, each with what it does now and did in the last two minutes. */
export class Gateways {
	#list;
	#cards = new Map();

	constructor(list) {
		this.#list = list;
	}

	/** Takes a look; drawn by {@link draw}. */
	take(gateways, silent) {
		const seen = new Set();
		for (const gateway of gateways) {
			const place = `${gateway.nodeID}\n${gateway.service}`;
			seen.add(place);
			this.#card(place).take(gateway);
		}
		const silentNodes = new Set(silent.map(({ nodeID }) => nodeID));
		for (const [place, card] of this.#cards) {
			if (seen.has(place)) continue;
			if (silentNodes.has(card.nodeID)) card.miss();
			else {
				card.element.remove();
				this.#cards.delete(place);
			}
		}
	}

	draw() {
		const cards = [...this.#cards].sort(([a], [b]) => (a < b ? -1 : 1));
		for (const [index, [, card]] of cards.entries()) {
			card.draw();
			const there = this.#list.children[index];
			if (there !== card.element) this.#list.insertBefore(card.element, there ?? null);
		}
	}

	/** All of them together. */
	get summary() {
		const all = [...this.#cards.values()];
		const total = key => all.reduce((sum, card) => sum + (card.now[key] ?? 0), 0);
		const events = Math.max(0, ...all.map(card => card.now.rate ?? 0));
		return [
			several(all.length, "gateway"),
			several(total("streams"), "stream"),
			`${number(events)} events/s`,
			`${number(total("deliveries"))} deliveries/s`
		].join(" · ");
	}

	#card(place) {
		let card = this.#cards.get(place);
		if (card === undefined) {
			card = new Card();
			this.#cards.set(place, card);
		}
		return card;
	}
}

class Card {
	nodeID = "";
	/** The newest figures; null = not known. */
	now = { rate: null, deliveries: null, streams: 0, lag: null, unsent: 0 };
	#before;
	#about = { name: "", details: [], state: "ready" };
	#name = element("h3");
	#state = element("span", { class: "badge" });
	#details = element("p", { class: "details" });
	#figures = FIGURES.map(figure => new Figure(figure));
	element = element(
		"li",
		{},
		element("div", { class: "who" }, this.#name, this.#state, this.#details),
		element("dl", {}, ...this.#figures.map(figure => figure.element))
	);

	take(gateway) {
		const { counts, at, bus, streams, unsent, behind } = gateway;
		this.nodeID = gateway.nodeID;
		const rates = ratesOf(this.#before, gateway);
		this.#before = { counts, at };
		this.now = { ...rates, streams, lag: bus?.lag ?? null, unsent };
		const { name, details } = aboutOf(gateway);
		this.#about = { name, details, state: stateOf(gateway) };
		for (const figure of this.#figures) figure.take(this.now[figure.key]);
		this.#figures[0]?.note(
			rates.deliveries === null ? "" : `${number(rates.deliveries)} deliveries/s`
		);
		this.#figures[1]?.note(several(gateway.sessions, "session"));
		this.#figures[2]?.note(bus?.kind === "moleculer" ? "with RabbitMQ only" : "");
		this.#figures[3]?.note(behind > 0 ? `${several(behind, "stream")} behind` : "");
		this.#figures[3]?.warn(behind > 0);
	}

	/** It did not answer. */
	miss() {
		this.#about.state = "silent";
		for (const figure of this.#figures) figure.take(null);
	}

	draw() {
		const { name, details, state } = this.#about;
		say(this.#name, name);
		say(this.#details, details.join(" · "));
		say(this.#state, state);
		this.#state.dataset.state = state;
		for (const figure of this.#figures) figure.draw();
	}
}

/** One figure of a gateway: its value now, and a line of the last ones. */
class Figure {
	key;
	#text;
	#value = null;
	#note = "";
	#number = element("span", { class: "value" });
	#aside = element("span", { class: "note" });
	#spark = new Sparkline();
	element;

	constructor({ key, label, text }) {
		this.key = key;
		this.#text = text;
		const value = element("dd", {}, this.#number, this.#aside, this.#spark.element);
		this.element = element(
			"div",
			{ class: "figure", "data-figure": key },
			element("dt", {}, label),
			value
		);
	}

	take(value) {
		this.#value = value;
		this.#spark.add(value);
	}

	note(text) {
		this.#note = text;
	}

	warn(isBad) {
		this.element.classList.toggle("bad", isBad);
	}

	draw() {
		say(this.#number, this.#value === null ? "–" : this.#text(this.#value));
		say(this.#aside, this.#note);
		this.#spark.draw();
	}
}

/** Events and deliveries a second since the look before; null if there was none, or the gateway has started again since. */
function ratesOf(before, { counts, at }) {
	const seconds = before === undefined ? 0 : (at - before.at) / 1000;
	const hasRestarted = before !== undefined && counts.received < before.counts.received;
	if (seconds <= 0 || hasRestarted) return { rate: null, deliveries: null };
	return {
		rate: (counts.received - before.counts.received) / seconds,
		deliveries: (counts.delivered - before.counts.delivered) / seconds
	};
}

function stateOf({ ready, degraded }) {
	if (!ready) return "stopping";
	return degraded ? "degraded" : "ready";
}

function aboutOf({ nodeID, service, version, history, bus }) {
	const kept =
		history === null
			? "no history"
			: `history ${several(history.events, "event")}, ${size(history.bytes)}`;
	const by = bus === null ? "no bus" : `bus ${bus.kind}${bus.working ? "" : " does not work"}`;
	return { name: nodeID, details: [service, by, kept, `version ${version}`] };
}
