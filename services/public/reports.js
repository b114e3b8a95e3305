/*
 * The reports of this session, by what events say of them.
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

export const REPORT_EVENTS = ["report-progress", "report-ready", "report-failed"];

const KEPT = 50;
const FINAL = ["ready", "failed"];

/** @type {Map<string, { row: HTMLElement, done: number }>} */
const reports = new Map();

/** The report that the session has just asked for. */
export function showCreated({ reportId, orders }) {
	const { row } = reportOf(reportId);
	if (row.dataset.state !== "waiting") return;
	row.querySelector("progress").max = orders;
	status(row, "waits for a worker");
}

/** What an event says of a report; anyone may have sent it. */
export function receiveReport(name, value) {
	if (typeof value?.reportId !== "string") return;
	const report = reportOf(value.reportId);
	const { row } = report;
	if (FINAL.includes(row.dataset.state)) return;
	if (name === "report-ready") showReady(report, value);
	else if (name === "report-failed") finish(row, "failed", "could not be made");
	else {
		const { done, orders, node } = value;
		report.done = Math.max(report.done, done);
		row.dataset.state = "working";
		Object.assign(row.querySelector("progress"), { max: orders, value: report.done });
		status(row, `${report.done} of ${orders} orders · ${node}`);
	}
}

/**
 * Asks for the reports that are ready: the page is new, or events were missed, and one of them may have said so.
 *
 * @param {{ missed: boolean }} options whether events may have been missed
 */
export async function loadReports({ missed }) {
	let ready = [];
	try {
		const response = await fetch("/api/reports", { cache: "no-store" });
		if (response.ok) ready = await response.json();
	} catch {
		// the gateway is away again: its stream's next opening asks anew
	}
	for (const report of ready.slice(0, KEPT).reverse()) {
		const known = reportOf(report.reportId);
		if (known.row.dataset.state !== "ready") showReady(known, report);
	}
	if (!missed) return;
	for (const { row } of reports.values()) {
		if (!FINAL.includes(row.dataset.state)) status(row, "some of its progress was missed");
	}
}

function showReady({ row }, { reportId, bytes, node }) {
	const link = document.createElement("a");
	link.href = `/api/reports/${encodeURIComponent(reportId)}`;
	link.download = "";
	link.textContent = "Download";
	link.setAttribute("aria-label", `Download report ${short(reportId)}`);
	row.querySelector(".file").replaceChildren(link);
	const size = `${Math.ceil(bytes / 1000)} KB`;
	finish(row, "ready", node ? `${size} · made by ${node}` : size);
	const bar = row.querySelector("progress");
	bar.value = bar.max;
}

function finish(row, state, text) {
	row.dataset.state = state;
	status(row, text);
	document.querySelector("#report-news").textContent = `Report ${row.dataset.short} is ${state}.`;
}

function status(row, text) {
	row.querySelector(".status").textContent = text;
}

/** The report of an id; a new one is on top, and the oldest goes if they are too many. */
function reportOf(reportId) {
	const known = reports.get(reportId);
	if (known !== undefined) return known;
	const row = document.createElement("li");
	Object.assign(row.dataset, { report: reportId, short: short(reportId), state: "waiting" });
	const label = Object.assign(document.createElement("label"), {
		htmlFor: `report-${reportId}`,
		textContent: `Report ${short(reportId)}`
	});
	const bar = Object.assign(document.createElement("progress"), {
		id: `report-${reportId}`,
		value: 0
	});
	const text = Object.assign(document.createElement("span"), { className: "status" });
	row.append(
		label,
		text,
		Object.assign(document.createElement("span"), { className: "file" }),
		bar
	);
	const report = { row, done: 0 };
	reports.set(reportId, report);
	const list = document.querySelector("#reports");
	list.prepend(row);
	while (list.children.length > KEPT) {
		reports.delete(list.lastElementChild.dataset.report);
		list.lastElementChild.remove();
	}
	return report;
}

function short(reportId) {
	return reportId.slice(0, 8);
}
