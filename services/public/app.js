/*
 * The page of the example: opens streams with the browser's own EventSource, shows what they bring, and
 * calls the API, whose services answer by events.
 *
 * For tests:
 *   #state[data-state]              "connecting", "open" or "closed": all streams in one word
 *   #streams li.stream[data-state]  a stream, with a button to close it
 *   #open-form, #open-stream        opens one with the checked input[name="eventName"]
 *   #message, #send                 a message to this session
 *   #item, #place-order             an order; #orders li[data-order][data-status] shows its progress
 *   #create-report                  a report; #reports li[data-report][data-state] shows how it gets on, see reports.js
 *   #filters button[data-name]      shows or hides the events of a name, and counts them: [aria-pressed]
 *   #events li                      an event, newest first: [data-event], [data-id], [data-stream]
 *   #clear                          forgets the events
 *   #open-error, #error, #report-error   what went wrong with a stream, with a call, with a report
 *
 * Streams come and go by themselves, so nothing that they change may move what stands below: texts that change have
 * their room from the beginning.
 */

import { loadReports, REPORT_EVENTS, receiveReport, showCreated } from "./reports.js";

const PATH = "/sse/event-stream";
/** Events that the gateway sends of itself. */
const OWN = ["sse.open", "sse.heartbeat", "sse.reset", "sse.close"];
const COURSE = ["placed", "paid", "packed", "shipped", "delivered"];
const SHOWN = 200;
/** Browsers keep six HTTP/1.1 connections to a host: a sixth stream would leave none for the API. */
const STREAMS = 5;
/** Milliseconds after which a stream or a call that has no answer yet is not waited for in silence. */
const PATIENCE = 2000;

const $ = selector => document.querySelector(selector);

/** @type {Map<number, { source: EventSource, row: HTMLElement, answered(): void }>} */
const streams = new Map();
/** Whether a stream has been open, and so brought the session's cookie. */
let session = false;
const counts = new Map();
const hidden = new Set(["sse.heartbeat"]);
let streamNumber = 0;

const NO_NAME = "Choose at least one event name.";
const UNREACHABLE = "Not sent: the gateway was away.";
/** An element with a class and a text; text never becomes markup. */
function element(tag, className, text = "") {
	const made = document.createElement(tag);
	if (className) made.className = className;
	made.textContent = text;
	return made;
}

function openStream(eventNames) {
	const number = ++streamNumber;
	const query = new URLSearchParams(eventNames.map(name => ["eventName", name]));
	const source = new EventSource(`${PATH}?${query}`);
	const row = streamRow(number, eventNames);
	const answered = impatience($("#open-error"), `Stream ${number}`);
	streams.set(number, { source, row, answered });

	for (const type of ["open", "error"]) source.addEventListener(type, answered, { once: true });
	source.addEventListener("open", probe, { once: true });
	source.addEventListener("error", () => {
		const { closed = "connection lost" } = row.dataset;
		delete row.dataset.closed;
		if (source.readyState === EventSource.CLOSED) show(number, "closed", "refused");
		else show(number, "connecting", `${closed}, reconnecting …`);
	});
	for (const name of [...eventNames, ...OWN]) {
		source.addEventListener(name, event => receive(number, name, event));
	}
	show(number, "connecting", "connecting …");
}

/**
 * Says in an element that something has no answer yet: after a while, and until the function that it
 * returns is called.
 */
function impatience(place, what) {
	let message = "";
	const timer = setTimeout(() => {
		message = `${what} has no answer yet.${connectionLimit()}`;
		place.textContent = message;
	}, PATIENCE);
	return () => {
		clearTimeout(timer);
		clear(place, message);
	};
}

/** Finds out, and says, if a stream has taken the last connection that the browser opens. */
async function probe() {
	const answered = impatience($("#open-error"), "The API");
	// an API that is away is for its next call to tell
	await fetch("/api/health", { cache: "no-store" }).catch(() => {});
	answered();
}

/** What is past its connections the browser holds back, and tells nobody. */
function connectionLimit() {
	const loaded = ["navigation", "resource"].flatMap(type => performance.getEntriesByType(type));
	// what came from the cache has no protocol
	if (loaded.some(({ nextHopProtocol }) => /^h[23]/.test(nextHopProtocol))) return "";
	return " Browsers open six HTTP/1.1 connections to a host, for all tabs together, and each stream takes one: close a stream, or a tab.";
}

/** Takes one message away, and no other that stands there by now. */
function clear(place, message) {
	if (place.textContent === message) place.textContent = "";
}

function streamRow(number, eventNames) {
	const row = element("li", "stream");
	const close = element("button", "quiet", "Close");
	close.type = "button";
	close.setAttribute("aria-label", `Close stream ${number}`);
	close.addEventListener("click", () => closeStream(number));
	row.append(
		element("span", "dot"),
		element("strong", "", eventNames.join(", ")),
		element("small", ""),
		close
	);
	$("#streams").append(row);
	return row;
}

function closeStream(number) {
	const { source, row, answered } = streams.get(number);
	source.close();
	answered();
	row.remove();
	streams.delete(number);
	showState();
	$("#open-error").textContent = "";
	const next = $("#open-stream");
	(next.disabled ? $("#streams button") : next)?.focus();
}

function show(number, state, text) {
	const stream = streams.get(number);
	if (stream === undefined) return;
	stream.row.dataset.state = state;
	stream.row.querySelector("small").textContent = `stream ${number}: ${text}`;
	showState();
}

/** One word for all streams; only a change is announced. */
function showState() {
	const states = [...streams.values()].map(({ row }) => row.dataset.state);
	const open = states.filter(state => state === "open").length;
	const state = open > 0 ? "open" : states.includes("connecting") ? "connecting" : "closed";
	const text =
		open > 1
			? `${open} streams open`
			: open === 1
				? "1 stream open"
				: state === "closed"
					? "no stream"
					: "connecting";
	const badge = $("#state");
	badge.dataset.state = state;
	if (badge.textContent !== text) badge.textContent = text;
	// The first stream brings the session's cookie. Until it is there, a call to the API, or a second
	// stream, would get a session of its own.
	session ||= open > 0;
	for (const id of ["#send", "#place-order", "#create-report"]) $(id).disabled = !session;
	$("#open-stream").disabled = !session && state === "connecting";
}

function receive(number, name, { data, lastEventId }) {
	const value = JSON.parse(data);
	count(name, counts.get(name) + 1);
	if (name === "sse.open") {
		// EventSource's own "open" also fires where a proxy has answered in the gateway's place
		show(number, "open", value.resumed ? "open, resumed" : "open");
		for (const id of ["#error", "#report-error"]) clear($(id), UNREACHABLE);
	}
	if (name === "sse.reset") {
		show(number, "open", `open, may have missed events: ${value.reason}`);
		loadReports({ missed: true });
	} else if (name === "sse.open" && !value.resumed) loadReports({ missed: false });
	if (name === "sse.close") {
		const text = `closed by the gateway: ${value.reason}`;
		streams.get(number).row.dataset.closed = text;
		show(number, "connecting", text);
	}
	// Anyone may send anything, from the REPL for example.
	if (name === "order-update" && COURSE.includes(value?.status)) showOrder(value);
	if (REPORT_EVENTS.includes(name)) receiveReport(name, value);

	const item = element("li", "");
	Object.assign(item.dataset, { event: name, id: lastEventId, stream: number });
	item.hidden = hidden.has(name);
	const time = element("time", "", new Date().toLocaleTimeString());
	const text = typeof value?.message === "string" ? value.message : spaced(value);
	item.append(
		time,
		element("span", "name", name),
		element("code", "", text),
		element(
			"span",
			"id",
			[OWN.includes(name) ? "" : lastEventId, `stream ${number}`].filter(Boolean).join(" · ")
		)
	);
	const list = $("#events");
	list.prepend(item);
	while (list.children.length > SHOWN) list.lastElementChild.remove();
}

/** JSON on one line, with spaces, at which it can be broken. */
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

function showOrder({ orderId, item, quantity, status }) {
	const list = $("#orders");
	let row = list.querySelector(`[data-order="${CSS.escape(orderId)}"]`);
	if (row === null) {
		row = element("li", "");
		row.dataset.order = orderId;
		const bar = element("progress", "");
		bar.max = COURSE.length - 1;
		bar.setAttribute("aria-label", `Order ${orderId}`);
		row.append(element("span", ""), element("strong", ""), bar);
		list.prepend(row);
		while (list.children.length > 3) list.lastElementChild.remove();
	}
	row.dataset.status = status;
	row.querySelector("span").textContent = `${quantity} × ${item}`;
	row.querySelector("strong").textContent = status;
	row.querySelector("progress").value = COURSE.indexOf(status);
}

/**
 * Calls the API, and answers what it answers; what is wrong is shown, and cleared by the next call that is
 * right.
 */
async function post(path, what, body, error = $("#error")) {
	const answered = impatience(error, what);
	try {
		const response = await fetch(path, {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify(body)
		});
		const answer = await response.json();
		error.textContent = response.ok ? "" : `${response.status}: ${answer.message}`;
		if (response.ok) return answer;
	} catch {
		error.textContent = UNREACHABLE;
	} finally {
		answered();
	}
}

$("#open-form").addEventListener("submit", event => {
	event.preventDefault();
	const eventNames = new FormData(event.target).getAll("eventName");
	const error =
		eventNames.length === 0
			? NO_NAME
			: streams.size >= STREAMS
				? `${STREAMS} streams at most: browsers keep six connections to a host, and the API needs one.`
				: "";
	$("#open-error").textContent = error;
	if (error === "") openStream(eventNames);
});

$("#message-form").addEventListener("submit", event => {
	event.preventDefault();
	post("/api/notifications", "The message", { message: $("#message").value });
});

$("#order-form").addEventListener("submit", event => {
	event.preventDefault();
	post("/api/orders", "The order", { item: $("#item").value });
});

$("#create-report").addEventListener("click", async () => {
	const created = await post("/api/reports", "The report", {}, $("#report-error"));
	if (created) showCreated(created);
});

$("#clear").addEventListener("click", () => {
	$("#events").replaceChildren();
	for (const name of counts.keys()) count(name, 0);
});

$("#open-form").addEventListener("change", () => clear($("#open-error"), NO_NAME));

const offered = [...document.querySelectorAll('input[name="eventName"]')].map(({ value }) => value);
for (const name of [...offered, ...REPORT_EVENTS, ...OWN]) addFilter(name);

openStream(["notifications", "order-update", "price", ...REPORT_EVENTS]);
