/*
 * The reports of this session, by what events say of them, and by what the API has where events were missed.
 *
 * For tests:
 *   #reports li[data-report][data-state]  a report: "waiting", "working", "ready" or "failed"
 *   progress[max][value]                  of how many orders how many are written
 *   .status                               the same in words, and the node that works
 *   a[download]                           the file, once it is ready
 *
 * A worker that dies leaves its report to another, which begins it again: what is shown never goes back. An event may
 * come twice, and before the answer to the request: what is final stays.
 */

import { $, clear, element } from "./dom.js";
import { Reload } from "./reload.js";

export const REPORT_EVENTS = ["report-progress", "report-ready", "report-failed"];

const KEPT = 50;
const FINAL = ["ready", "failed"];
const NOT_LOADED = "The reports could not be loaded yet.";

/** @type {Map<string, { row: HTMLElement, done: number }>} */
const reports = new Map();

/** Of the reports that are ready, or have failed: that one is worked on is told by events alone. */
const reload = new Reload({
	async ask(signal) {
		const response = await fetch("/api/reports", { cache: "no-store", signal });
		if (!response.ok) throw new Error(`The reports are answered ${response.status}.`);
		return response.json();
	},
	show(ended) {
		clear($("#report-error"), NOT_LOADED);
		for (const report of ended.slice(0, KEPT).reverse()) {
			if (report.state === "failed") showFailed(report);
			else showReady(report);
		}
	},
	fail() {
		const place = $("#report-error");
		if (place.textContent === "") place.textContent = NOT_LOADED;
	}
});

/** Asks for the reports that are ready, or have failed. */
export function loadReports() {
	reload.ask();
}

/** Events were missed, and one of them may have said that a report is ready, or has failed. */
export function reportsMissed() {
	for (const { row } of reports.values()) {
		if (!FINAL.includes(row.dataset.state)) showStatus(row, "some of its progress was missed");
	}
	reload.ask();
}

/** The gateway is back: reports that could not be loaded are asked for now. */
export function retryReports() {
	reload.retry();
}

/** The report that the session has just asked for. */
export function showCreated({ reportId, orders }) {
	const { row } = reportOf(reportId);
	if (row.dataset.state !== "waiting") return;
	row.querySelector("progress").max = orders;
	showStatus(row, "waits for a worker");
}

/** What an event says of a report; anyone may have sent it. */
export function receiveReport(name, value) {
	if (typeof value?.reportId !== "string") return;
	if (name === "report-ready") showReady(value);
	else if (name === "report-failed") showFailed(value);
	else showProgress(value);
}

function showProgress({ reportId, done, orders, node }) {
	const report = reportOf(reportId);
	const { row } = report;
	if (FINAL.includes(row.dataset.state)) return;
	report.done = Math.max(report.done, done);
	row.dataset.state = "working";
	Object.assign(row.querySelector("progress"), { max: orders, value: report.done });
	showStatus(row, `${report.done} of ${orders} orders · ${node}`);
}

/** Shows a report as ready, once; also one that was given up, and then made after all. */
function showReady({ reportId, bytes, node }) {
	const { row } = reportOf(reportId);
	if (row.dataset.state === "ready") return;
	const link = element("a", "", "Download");
	link.href = `/api/reports/${encodeURIComponent(reportId)}`;
	link.download = "";
	link.setAttribute("aria-label", `Download report ${short(reportId)}`);
	row.querySelector(".file").replaceChildren(link);
	const size = `${Math.ceil(bytes / 1000)} KB`;
	finish(row, "ready", node ? `${size} · made by ${node}` : size);
	const bar = row.querySelector("progress");
	bar.value = bar.max;
}

function showFailed({ reportId }) {
	const { row } = reportOf(reportId);
	if (!FINAL.includes(row.dataset.state)) finish(row, "failed", "could not be made");
}

function finish(row, state, text) {
	row.dataset.state = state;
	showStatus(row, text);
	$("#report-news").textContent = `Report ${short(row.dataset.report)} is ${state}.`;
}

function showStatus(row, text) {
	row.querySelector(".status").textContent = text;
}

/** The report of an id; a new one is on top, and the oldest goes if they are too many. */
function reportOf(reportId) {
	const known = reports.get(reportId);
	if (known !== undefined) return known;
	const row = reportRow(reportId);
	const report = { row, done: 0 };
	reports.set(reportId, report);
	const list = $("#reports");
	list.prepend(row);
	while (list.children.length > KEPT) {
		reports.delete(list.lastElementChild.dataset.report);
		list.lastElementChild.remove();
	}
	return report;
}

function reportRow(reportId) {
	const row = element("li");
	Object.assign(row.dataset, { report: reportId, state: "waiting" });
	const bar = element("progress");
	Object.assign(bar, { id: `report-${reportId}`, value: 0 });
	const label = element("label", "", `Report ${short(reportId)}`);
	label.htmlFor = bar.id;
	row.append(label, element("span", "status"), element("span", "file"), bar);
	return row;
}

function short(reportId) {
	return reportId.slice(0, 8);
}
