/*
 * Streams, kept open by the client that the gateway serves, and what is shown of each. All of this browser, in all of its tabs,
 * share one connection.
 *
 * For tests:
 *   #state[data-state]              "connecting", "open" or "closed": all streams in one word
 *   #streams li.stream[data-state]  a stream, with a button to close it
 *   #open-error                     what went wrong with a stream
 */

import { connect } from "/sse/client.js";
import { $, element } from "./dom.js";

const PATH = "/sse/event-stream";
/** Events that the gateway sends of itself. */
export const OWN = ["sse.open", "sse.heartbeat", "sse.reset", "sse.close"];

/**
 * @typedef {object} Stream
 * @property {number} number  counted from 1
 * @property {import("moleculer-sse/client").SseConnection} live
 * @property {HTMLElement} row
 */

/** @type {Set<Stream>} */
const streams = new Set();
/** Whether a stream has been open, and so brought the session's cookie. */
let session = false;
let streamNumber = 0;

/**
 * @param {string[]} eventNames
 * @param {object} page  what the page does
 * @param {(event: { name: string, value: unknown, id: string, stream: number }) => void} page.receive  with each event
 * @param {() => void} page.reachable  when the gateway answers
 * @param {(eventNames: string[]) => void} page.begun  when a stream is open that brings nothing of before
 * @param {(eventNames: string[]) => void} page.missed  when events of these names may have been missed
 */
export function openStream(eventNames, page) {
	const number = ++streamNumber;
	const live = connect(PATH);
	const stream = { number, live, row: element("li", "stream") };
	streams.add(stream);
	fillRow(stream, eventNames);

	let isBegun = false;
	let closed = "connection lost";
	for (const name of [...eventNames, ...OWN]) {
		live.on(name, (value, { id }) => {
			if (name === "sse.close") closed = `closed by the gateway: ${value.reason}`;
			page.receive({ name, value, id, stream: number });
		});
	}
	live.onState(state => {
		if (state === "connecting") show(stream, state, `${closed}, reconnecting …`);
		if (state !== "open" && state !== "degraded") return;
		closed = "connection lost";
		show(stream, "open", isBegun ? "open, resumed" : state);
		isBegun = true;
		page.reachable();
	});
	live.onStart(() => page.begun(eventNames));
	live.onReset(reason => {
		show(stream, "open", `open, may have missed events: ${reason}`);
		page.missed(eventNames);
	});
	live.onEnd(reason => show(stream, "closed", `over: ${reason}`));
	show(stream, "connecting", "connecting …");
}

function fillRow(stream, eventNames) {
	const { number, row } = stream;
	const close = element("button", "quiet", "Close");
	close.type = "button";
	close.setAttribute("aria-label", `Close stream ${number}`);
	close.addEventListener("click", () => closeStream(stream));
	row.append(
		element("span", "dot"),
		element("strong", "", eventNames.join(", ")),
		element("small"),
		close
	);
	$("#streams").append(row);
}

function closeStream(stream) {
	stream.live.close();
	stream.row.remove();
	streams.delete(stream);
	showState();
	const next = $("#open-stream");
	(next.disabled ? $("#streams button") : next)?.focus();
}

function show({ number, row }, state, text) {
	row.dataset.state = state;
	row.querySelector("small").textContent = `stream ${number}: ${text}`;
	showState();
}

/** One word for all streams; only a change is announced. */
function showState() {
	const states = [...streams].map(({ row }) => row.dataset.state);
	const open = states.filter(state => state === "open").length;
	const state = open > 0 ? "open" : states.includes("connecting") ? "connecting" : "closed";
	const badge = $("#state");
	badge.dataset.state = state;
	const text = stateText(state, open);
	if (badge.textContent !== text) badge.textContent = text;
	// The first stream brings the session's cookie. Until it is there, a call to the API, or a second
	// stream, would get a session of its own.
	session ||= open > 0;
	for (const id of ["#send", "#place-order", "#create-report"]) $(id).disabled = !session;
	$("#open-stream").disabled = !session && state === "connecting";
}

function stateText(state, open) {
	if (open > 1) return `${open} streams open`;
	if (open === 1) return "1 stream open";
	return state === "closed" ? "no stream" : "connecting";
}
