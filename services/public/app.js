/*
 * The page of the example: opens streams, shows what they bring, and calls the API, whose services answer by events.
 *
 * For tests, beside what the other files list:
 *   #open-form, #open-stream   opens a stream with the checked input[name="eventName"]
 *   #message, #send            a message to this session
 *   #item, #place-order        an order
 *   #create-report             a report
 *   #error, #report-error      what went wrong with a call, and with reports
 *
 * Streams come and go by themselves, so nothing that they change may move what stands below: texts that change have
 * their room from the beginning.
 */

import { $, clear } from "./dom.js";
import { listEvent, startEventList } from "./event-list.js";
import { ordersMissed, receiveOrder } from "./orders.js";
import { clearUnreachable, post } from "./post.js";
import {
	loadReports,
	REPORT_EVENTS,
	receiveReport,
	reportsMissed,
	retryReports,
	showCreated
} from "./reports.js";
import { OWN, openStream } from "./streams.js";

const NO_NAME = "Choose at least one event name.";

const page = {
	receive(event) {
		const { name, value } = event;
		if (name === "order-update") receiveOrder(value);
		if (REPORT_EVENTS.includes(name)) receiveReport(name, value);
		listEvent(event);
	},
	reachable() {
		clearUnreachable();
		retryReports();
	},
	begun(eventNames) {
		if (bringsReports(eventNames)) loadReports();
	},
	missed(eventNames) {
		if (eventNames.includes("order-update")) ordersMissed();
		if (bringsReports(eventNames)) reportsMissed();
	}
};

const bringsReports = eventNames => eventNames.some(name => REPORT_EVENTS.includes(name));

$("#open-form").addEventListener("submit", event => {
	event.preventDefault();
	const eventNames = new FormData(event.target).getAll("eventName");
	$("#open-error").textContent = eventNames.length === 0 ? NO_NAME : "";
	if (eventNames.length > 0) openStream(eventNames, page);
});

$("#open-form").addEventListener("change", () => clear($("#open-error"), NO_NAME));

$("#message-form").addEventListener("submit", event => {
	event.preventDefault();
	post("/api/notifications", "The message", { message: $("#message").value });
});

$("#order-form").addEventListener("submit", event => {
	event.preventDefault();
	post("/api/orders", "The order", { item: $("#item").value });
});

$("#create-report").addEventListener("click", async () => {
	const created = await post("/api/reports", "The report", {}, "#report-error");
	if (created) showCreated(created);
});

const offered = [...document.querySelectorAll('input[name="eventName"]')].map(({ value }) => value);
startEventList([...offered, ...REPORT_EVENTS, ...OWN]);
openStream(["notifications", "order-update", "price", ...REPORT_EVENTS], page);
