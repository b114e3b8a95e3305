/*
 * Streams, opened with the browser's own EventSource, and what is shown of each.
 *
 * For tests:
 *   #state[data-state]              "connecting", "open" or "closed": all streams in one word
 *   #streams li.stream[data-state]  a stream, with a button to close it
 *   #open-error                     what went wrong with a stream
 */

import { $, element } from "./dom.js";
import { impatience } from "./impatience.js";

const PATH = "/sse/event-stream";
/** Events that the gateway sends of itself. */
export const OWN = ["sse.open", "sse.heartbeat", "sse.reset", "sse.close"];
/** Browsers keep six HTTP/1.1 connections to a host: a sixth stream would leave none for the API. */
export const STREAMS = 5;

/**
 * @typedef {object} Stream
 * @property {number} number  counted from 1
 * @property {string[]} eventNames
 * @property {EventSource} source
 * @property {HTMLElement} row
 * @property {() => void} answered  ends the wait for its first answer
 * @property {boolean} wasOpen  whether an `sse.open` has come before
 */

/** @type {Set<Stream>} */
const streams = new Set();
/** Whether a stream has been open, and so brought the session's cookie. */
let session = false;
let streamNumber = 0;

/** How many streams there are. */
export const streamCount = () => streams.size;

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
	const query = new URLSearchParams(eventNames.map(name => ["eventName", name]));
	const source = new EventSource(`${PATH}?${query}`);
	const answered = impatience($("#open-error"), `Stream ${number}`);
	const row = element("li", "stream");
	const stream = { number, eventNames, source, row, answered, wasOpen: false };
	streams.add(stream);
	fillRow(stream);

	for (const type of ["open", "error"]) source.addEventListener(type, answered, { once: true });
	source.addEventListener("open", probe, { once: true });
	source.addEventListener("error", () => {
		const { closed = "connection lost" } = row.dataset;
		delete row.dataset.closed;
		if (source.readyState === EventSource.CLOSED) show(stream, "closed", "refused");
		else show(stream, "connecting", `${closed}, reconnecting …`);
	});
	for (const name of [...eventNames, ...OWN]) {
		source.addEventListener(name, ({ data, lastEventId }) => {
			const value = JSON.parse(data);
			if (OWN.includes(name)) receiveOwn(stream, name, value, page);
			page.receive({ name, value, id: lastEventId, stream: number });
		});
	}
	show(stream, "connecting", "connecting …");
}

/** What the gateway says of a stream. */
function receiveOwn(stream, name, value, page) {
	const { eventNames, row } = stream;
	if (name === "sse.open") {
		// EventSource's own "open" also fires where a proxy has answered in the gateway's place
		show(stream, "open", value.resumed ? "open, resumed" : "open");
		// a stream that does not go on where it was has lost its place on the way
		if (stream.wasOpen && !value.resumed) page.missed(eventNames);
		if (!stream.wasOpen) page.begun(eventNames);
		stream.wasOpen = true;
		page.reachable();
	}
	if (name === "sse.reset") {
		show(stream, "open", `open, may have missed events: ${value.reason}`);
		page.missed(eventNames);
	}
	if (name === "sse.close") {
		row.dataset.closed = `closed by the gateway: ${value.reason}`;
		show(stream, "connecting", row.dataset.closed);
	}
}

/** Finds out, and says, if a stream has taken the last connection that the browser opens. */
async function probe() {
	const answered = impatience($("#open-error"), "The API");
	// any answer will do; if there is none, the next call to the API says so
	await fetch("/api/health", { cache: "no-store" }).catch(() => {});
	answered();
}

function fillRow(stream) {
	const { number, eventNames, row } = stream;
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
	const { source, row, answered } = stream;
	source.close();
	answered();
	row.remove();
	streams.delete(stream);
	showState();
	$("#open-error").textContent = "";
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
