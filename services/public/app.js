/*
 * The page of the example: opens streams with the browser's own EventSource, shows what they bring, and
 * calls the API, whose services answer by events.
 *
 * For tests: #state[data-state] is "connecting", "open" or "closed"; #streams li.stream[data-state]
 * has a button to close it; #events li has data-event, data-id and data-stream.
 */

const PATH = "/sse/event-stream";
/** Events that the gateway sends of itself. */
const OWN = ["sse.open", "sse.heartbeat", "sse.reset", "sse.close"];
const COURSE = ["placed", "paid", "packed", "shipped", "delivered"];
const SHOWN = 200;

const $ = selector => document.querySelector(selector);

/** @type {Map<number, { source: EventSource, row: HTMLElement }>} */
const streams = new Map();
const counts = new Map();
const hidden = new Set(["sse.heartbeat"]);
let streamNumber = 0;

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
	streams.set(number, { source, row });

	source.addEventListener("open", () => show(number, "open", "open"));
	source.addEventListener("error", () => {
		if (source.readyState === EventSource.CLOSED) show(number, "closed", "refused");
		else show(number, "connecting", "reconnecting …");
	});
	for (const name of [...eventNames, ...OWN]) {
		source.addEventListener(name, event => receive(number, name, event));
	}
	show(number, "connecting", "connecting …");
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
	const { source, row } = streams.get(number);
	source.close();
	row.remove();
	streams.delete(number);
	showState();
	$("#open-stream").focus();
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
	// The first stream brings the session's cookie, which the API needs to be the same session.
	if (open > 0) for (const id of ["#send", "#place-order"]) $(id).disabled = false;
}

function receive(number, name, { data, lastEventId }) {
	const value = JSON.parse(data);
	counts.set(name, (counts.get(name) ?? 0) + 1);
	showFilters();
	if (name === "sse.close") show(number, "connecting", `closed by the gateway: ${value.reason}`);
	if (name === "sse.reset") show(number, "open", `may have missed events: ${value.reason}`);
	if (name === "order-update") showOrder(value);

	const item = element("li", "");
	Object.assign(item.dataset, { event: name, id: lastEventId, stream: number });
	item.hidden = hidden.has(name);
	const time = element("time", "", new Date().toLocaleTimeString());
	const text = name === "notifications" ? value.message : data;
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

function showFilters() {
	const group = $("#filters");
	for (const [name, count] of counts) {
		let button = group.querySelector(`[data-name="${CSS.escape(name)}"]`);
		if (button === null) {
			button = element("button", "");
			button.type = "button";
			button.dataset.name = name;
			button.setAttribute("aria-pressed", String(!hidden.has(name)));
			button.addEventListener("click", () => toggle(name, button));
			group.append(button);
		}
		button.textContent = `${name} ${count}`;
	}
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
		row.append(element("span", ""), bar);
		list.prepend(row);
		while (list.children.length > 3) list.lastElementChild.remove();
	}
	row.dataset.status = status;
	row.querySelector("span").textContent = `${quantity} × ${item}: ${status}`;
	row.querySelector("progress").value = COURSE.indexOf(status);
}

/** Calls the API; what is wrong is shown, and cleared by the next call that is right. */
async function post(path, body) {
	const error = $("#error");
	try {
		const response = await fetch(path, {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify(body)
		});
		const answer = await response.json();
		error.textContent = response.ok ? "" : `${response.status}: ${answer.message}`;
	} catch {
		error.textContent = "The gateway cannot be reached.";
	}
}

$("#open-form").addEventListener("submit", event => {
	event.preventDefault();
	const eventNames = new FormData(event.target).getAll("eventName");
	$("#error").textContent = eventNames.length > 0 ? "" : "Choose at least one event name.";
	if (eventNames.length > 0) openStream(eventNames);
});

$("#message-form").addEventListener("submit", event => {
	event.preventDefault();
	post("/api/notifications", { message: $("#message").value });
});

$("#order-form").addEventListener("submit", event => {
	event.preventDefault();
	post("/api/orders", { item: $("#item").value });
});

$("#clear").addEventListener("click", () => {
	$("#events").replaceChildren();
	counts.clear();
	$("#filters").replaceChildren();
});

openStream(["notifications", "order-update", "price"]);
