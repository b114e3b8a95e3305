import { element, row, say, table } from "./elements.js";
import { clock, count, size } from "./text.js";

/** Events that are shown. */
const SHOWN = 40;
/** Ids that are remembered: a stream that follows another one begins with events from before. */
const KNOWN = 500;

/** The newest events, the newest first. The list holds still while somebody points at it, or has the focus in it. */
export class Events {
	#table;
	#body;
	#held;
	#none;
	#onSearch;
	/** Those that are not shown yet, the oldest first. */
	#waiting = [];
	#skipped = 0;
	#known = new Set();

	/** @param {(id: string) => void} onSearch An event's id was chosen. */
	constructor({ place, held, none, onSearch }) {
		this.#table = table(["Arrived", "Event", "Id"], ["Size", "Sessions", "Streams"]);
		this.#body = this.#table.tBodies[0];
		place.append(this.#table);
		this.#held = held;
		this.#none = none;
		this.#onSearch = onSearch;
	}

	take(events, skipped) {
		const now = Date.now();
		const fresh = events.filter(event => this.#isNew(event));
		this.#waiting.push(...fresh.map(event => ({ ...event, arrived: now - event.age })));
		this.#skipped += skipped;
		const over = this.#waiting.length - SHOWN;
		if (over <= 0) return;
		this.#waiting.splice(0, over);
		this.#skipped += over;
	}

	draw() {
		if (this.#table.matches(":hover, :focus-within") && this.#body.rows.length > 0) {
			const { length } = this.#waiting;
			say(
				this.#held,
				length === 0
					? ""
					: `${length === SHOWN ? "More than " : ""}${length} newer: they follow when you leave the list.`
			);
			return;
		}
		say(
			this.#held,
			this.#skipped === 0 ? "" : `${count(this.#skipped)} more came too fast to be shown.`
		);
		const rows = this.#waiting.map(event => this.#row(event)).reverse();
		this.#skipped = 0;
		this.#waiting = [];
		this.#body.prepend(...rows);
		while (this.#body.rows.length > SHOWN) this.#body.lastElementChild.remove();
		this.#none.hidden = this.#body.rows.length > 0;
	}

	#isNew({ id }) {
		if (id === null) return true;
		if (this.#known.has(id)) return false;
		this.#known.add(id);
		if (this.#known.size > KNOWN) this.#known.delete(this.#known.values().next().value);
		return true;
	}

	#row({ arrived, event, id, size: bytes, recipients, streams }) {
		return row([
			{ label: "Arrived", content: clock(arrived), className: "time" },
			{ label: "Event", content: element("span", { title: event }, event), className: "name" },
			{ label: "Id", content: this.#id(id), className: "id" },
			{ label: "Size", content: size(bytes), className: "number" },
			{
				label: recipients === 1 ? "session" : "sessions",
				content: recipients === null ? "all" : count(recipients),
				className: "number counted"
			},
			{
				label: streams === 1 ? "stream" : "streams",
				content: count(streams),
				className: "number counted"
			}
		]);
	}

	#id(id) {
		if (id === null) return element("span", { class: "quiet" }, "none");
		const button = element("button", { type: "button", class: "link", title: id }, id);
		button.setAttribute("aria-label", `Search event ${id}`);
		button.addEventListener("click", () => this.#onSearch(id));
		return button;
	}
}
