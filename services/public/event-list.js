/*
 * The events as they come, of all streams, with a filter for each name.
 *
 * For tests:
 *   #filters button[data-name]   shows or hides the events of a name, and counts them: [aria-pressed]
 *   #events li                   an event, newest first: [data-event], [data-id], [data-stream]
 *   #clear                       forgets the events
 */

import { $, element } from "./dom.js";

const SHOWN = 200;

const counts = new Map();
const hidden = new Set(["sse.heartbeat"]);

/** @param {string[]} names those that events may have */
export function startEventList(names) {
	for (const name of names) addFilter(name);
	$("#clear").addEventListener("click", () => {
		$("#events").replaceChildren();
		for (const name of counts.keys()) count(name, 0);
	});
}

/**
 * @param {object} event
 * @param {number} event.stream  the number of the stream that brought it
 * @param {string} event.id  empty if it has none of its own
 */
export function listEvent({ name, value, id, stream }) {
	count(name, counts.get(name) + 1);
	const item = element("li");
	Object.assign(item.dataset, { event: name, id, stream });
	item.hidden = hidden.has(name);
	const text = typeof value?.message === "string" ? value.message : spaced(value);
	// the gateway's own events have no ids of their own
	const shownId = name.startsWith("sse.") ? "" : id;
	item.append(
		element("time", "", new Date().toLocaleTimeString()),
		element("span", "name", name),
		element("code", "", text),
		element("span", "id", [shownId, `stream ${stream}`].filter(Boolean).join(" · "))
	);
	const list = $("#events");
	list.prepend(item);
	while (list.children.length > SHOWN) list.lastElementChild.remove();
}

/** JSON on one line, with spaces at which it can be broken. */
function spaced(value) {
	return JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
}

function addFilter(name) {
	const button = element("button", "", `${name} `);
	button.type = "button";
	button.dataset.name = name;
	button.setAttribute("aria-pressed", String(!hidden.has(name)));
	button.addEventListener("click", () => toggle(name, button));
	button.append(element("span", "count"));
	$("#filters").append(button);
	count(name, 0);
}

/** How many events of a name have come. */
function count(name, number) {
	counts.set(name, number);
	$(`#filters [data-name="${name}"] .count`).textContent = number;
}

function toggle(name, button) {
	if (!hidden.delete(name)) hidden.add(name);
	button.setAttribute("aria-pressed", String(!hidden.has(name)));
	for (const item of $("#events").children) item.hidden = hidden.has(item.dataset.event);
}
