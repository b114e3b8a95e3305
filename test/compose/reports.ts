import { EventSource } from "eventsource";
import { eventually } from "../support/eventually.ts";

/** What `report-ready` carries. */
interface Ready {
	readonly reportId: string;
	readonly node: string;
}

/**
 * Asks for reports, several at once, and downloads them when they are ready. Returns the nodes that made them; throws if one is
 * not ready in time, ready twice, or incomplete.
 */
export async function makeReports(origin: string, count: number): Promise<Set<string>> {
	const headers = { Cookie: `sid=${crypto.randomUUID()}` };
	const ready: Ready[] = [];
	const source = new EventSource(`${origin}/sse/event-stream?eventName=report-ready`, {
		fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } })
	});
	source.addEventListener("report-ready", ({ data }) => ready.push(JSON.parse(data)));
	try {
		await new Promise(resolve => source.addEventListener("open", resolve, { once: true }));
		for (let n = 0; n < count; n++) {
			await eventually(
				async () => {
					const { status } = await fetch(`${origin}/api/reports`, { method: "POST", headers });
					if (status !== 200) throw new Error(`a report is answered ${status}`);
				},
				{ timeout: 30_000, interval: 500 }
			);
		}
		await eventually(
			() => {
				if (ready.length < count) throw new Error(`${ready.length} of ${count} reports are ready`);
			},
			{ timeout: 60_000, interval: 200 }
		);
		if (new Set(ready.map(({ reportId }) => reportId)).size !== ready.length) {
			throw new Error("a report was ready twice");
		}
		for (const { reportId } of ready) {
			const response = await fetch(`${origin}/api/reports/${reportId}`, { headers });
			const lines = (await response.text()).trimEnd().split("\n");
			if (lines.length !== 5001) {
				throw new Error(`a report is answered ${response.status}, with ${lines.length} lines`);
			}
		}
		return new Set(ready.map(({ node }) => node));
	} finally {
		source.close();
	}
}
