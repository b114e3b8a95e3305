import { expect } from "@jest/globals";
import { HEADER, orderLine } from "../../services/reports/order-lines.ts";
import type { Client } from "./clients/client.ts";
import type { Patience } from "./eventually.ts";
import { callApi } from "./processes/example.ts";

/** The events that a session gets about its reports. */
export const REPORT_EVENTS: readonly string[] = [
	"report-progress",
	"report-ready",
	"report-failed"
];
/** Nodes are processes, and the machine may be busy. */
export const PATIENT: Patience = { timeout: 45_000, interval: 50 };

export interface Progress {
	reportId: string;
	done: number;
	orders: number;
	node: string;
}

export interface Ready {
	reportId: string;
	bytes: number;
	node: string;
}

/** What a client has been told of its reports' progress. */
export function progressOf({ events }: Client): Progress[] {
	return events
		.filter(({ event }) => event === "report-progress")
		.map(({ data }) => data as Progress);
}

/** Which reports a client has been told are ready. */
export function readyOf({ events }: Client): Ready[] {
	return events.filter(({ event }) => event === "report-ready").map(({ data }) => data as Ready);
}

/** The content of a complete report. */
export function csv(reportId: string, orders: number): string {
	const lines = Array.from({ length: orders }, (_, n) => orderLine(reportId, n + 1));
	return HEADER + lines.join("");
}

/** Asks for a report like the page, and returns its id. */
export async function create(url: string, session: string, orders: number): Promise<string> {
	const created = await callApi<{ reportId: string }>(`${url}/api/reports`, session, { orders });
	expect(created).toMatchObject({ status: 200, body: { orders } });
	return created.body.reportId;
}

/** Downloads a report through the gateway; takes seconds if a node does not answer. */
export async function download(url: string, session: string, reportId: string): Promise<string> {
	const headers = { Cookie: `sid=${session}` };
	const response = await fetch(`${url}/api/reports/${reportId}`, { headers });
	expect(response.status).toBe(200);
	expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
	return response.text();
}
