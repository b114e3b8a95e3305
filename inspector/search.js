import { element, say } from "./elements.js";
import { Findings } from "./findings.js";
import { several } from "./text.js";

/** The search for what became of events. Ids go into headers: URLs end up in logs. */
export class Search {
	#form;
	#found;
	#results;
	/** Aborts the search that runs. */
	#running;

	constructor({ form, found, results }) {
		this.#form = form;
		this.#found = found;
		this.#results = results;
		form.addEventListener("submit", submitted => {
			submitted.preventDefault();
			void this.#run();
		});
	}

	/** Searches an event alone. */
	async event(id) {
		this.#field("event").value = id;
		this.#field("session").value = "";
		await this.#run();
		this.#results.parentElement.focus({ preventScroll: true });
		this.#results.parentElement.scrollIntoView({ block: "start" });
	}

	/** Only of the elements of the form, whose names mean nothing else. */
	#field(name) {
		return this.#form.elements.namedItem(name);
	}

	async #run() {
		this.#running?.abort();
		this.#running = new AbortController();
		const { signal } = this.#running;
		const headers = {};
		for (const name of ["session", "event"]) {
			const value = this.#field(name).value.trim();
			if (value !== "") headers[`X-SSE-${name}`] = encodeURIComponent(value);
		}
		if (Object.keys(headers).length === 0) {
			this.#tell("Enter a session id, an event id, or both.");
			this.#field("session").focus();
			return;
		}
		this.#tell("Searching…");
		try {
			const response = await fetch(new URL("search", import.meta.url), { headers, signal });
			const answer = response.headers.get("Content-Type")?.startsWith("application/json")
				? await response.json()
				: {};
			if (response.ok) this.#show(answer);
			else this.#tell(answer.message ?? `The gateway answered with status ${response.status}.`);
		} catch {
			if (!signal.aborted) this.#tell("The gateway does not answer. Try again.");
		}
	}

	#tell(text) {
		this.#results.hidden = true;
		this.#results.replaceChildren();
		say(this.#found, text);
	}

	#show(answer) {
		const counts = new Map();
		for (const gateway of answer.gateways) {
			for (const [verdict, count] of Object.entries(gateway.counts)) {
				counts.set(verdict, (counts.get(verdict) ?? 0) + count);
			}
		}
		const parts = [...counts].map(([verdict, count]) => `${count} ${verdict}`);
		const silent = answer.silent.map(({ nodeID, reason }) => `${nodeID} (${reason})`);
		const streams = answer.streams === null ? [] : [several(answer.streams.total, "open stream")];
		const text = [...streams, parts.join(", ") || "no event found"].join("; ");
		say(
			this.#found,
			silent.length === 0 ? `${text}.` : `${text}. No answer from ${silent.join(", ")}.`
		);
		const { streamTable, verdictTable, rest, legend } = new Findings(answer);
		this.#results.replaceChildren(
			...(streamTable === undefined ? [] : [element("h3", {}, "Open streams"), streamTable]),
			...(verdictTable === undefined
				? []
				: [
						element("h3", {}, "Verdicts"),
						legend,
						verdictTable,
						element("p", { class: "hint" }, rest)
					])
		);
		this.#results.scrollTop = 0;
		this.#results.hidden = this.#results.childElementCount === 0;
	}
}
