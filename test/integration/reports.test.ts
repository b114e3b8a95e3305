import {
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	utimesSync,
	writeFileSync
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { Channel } from "amqplib";
import type { Service } from "moleculer";
import api from "../../services/api.service.ts";
import reports from "../../services/reports.service.ts";
import type { WorkQueue } from "../../services/work-queue/work-queue.ts";
import { send } from "../support/clients/request.ts";
import { FLOOD, openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import type { TestGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { callApi, startExample } from "../support/processes/example.ts";
import { csv, REPORT_EVENTS } from "../support/reports.ts";
import { tempFolder } from "../support/temp-folder.ts";

interface Stage {
	gateway: TestGateway;
	folder: string;
	/** Asks for a report; returns its id. */
	create(session: string, orders?: number): Promise<string>;
	/** Puts a job on the queue as it is. */
	put(job: object): Promise<void>;
	stream(session: string): Promise<StreamClient>;
}

/** The example in one process, with reports in a folder of the test's own. */
async function start({ stepTime = 0, folder = "" } = {}): Promise<Stage> {
	const temp = tempFolder("reports");
	onTestFinished(() => temp.remove());
	const settings = { ...reports.settings, stepTime, folder: folder || temp.path };
	const gateway = await startExample(api, [{ ...reports, settings }]);
	const service = gateway.broker.getLocalService("reports") as Service & WorkQueue;
	return {
		gateway,
		folder: temp.path,
		async create(session, orders = 1000) {
			const url = `${gateway.origin}/api/reports`;
			const { status, body } = await callApi<{ reportId: string }>(url, session, { orders });
			expect(status).toBe(200);
			return body.reportId;
		},
		put: job => service.put("reports", job),
		stream: session => openStream(gateway.url(...REPORT_EVENTS), { session })
	};
}

const filesIn = (folder: string, ending: string): string[] =>
	readdirSync(folder).filter(name => name.endsWith(ending));

describe("a report", () => {
	it("is announced as it grows, and when it is ready, only to the session that asked for it", async () => {
		const { gateway, create, stream } = await start();
		const [mine, theirs] = [await stream("mine"), await stream("theirs")];
		const reportId = await create("mine", 1100);
		await mine.next("report-ready");
		const other = await create("theirs", 1);
		await theirs.next("report-ready");

		const node = gateway.broker.nodeID;
		const progress = [0, 250, 500, 750, 1000].map(done => ({ reportId, done, orders: 1100, node }));
		expect(mine.received("report-progress")).toEqual(progress);
		const bytes = csv(reportId, 1100).length;
		expect(mine.received("report-ready")).toEqual([{ reportId, bytes, node }]);
		expect(theirs.received("report-ready")).toMatchObject([{ reportId: other }]);
	});

	it("is downloaded complete by the session that asked for it, and does not exist for any other", async () => {
		const { gateway, create, stream } = await start();
		const client = await stream("mine");
		const reportId = await create("mine");
		await client.next("report-ready");
		const url = `${gateway.origin}/api/reports`;

		const file = await send(`${url}/${reportId}`, { session: "mine" });
		expect(file.status).toBe(200);
		expect(file.headers).toMatchObject({
			"content-type": "text/csv; charset=utf-8",
			"content-length": String(file.text.length),
			"content-disposition": `attachment; filename="orders-${reportId.slice(0, 8)}.csv"`,
			"cache-control": "private, no-store"
		});
		expect(file.text).toBe(csv(reportId, 1000));
		expect((await callApi(url, "mine")).body).toMatchObject([{ reportId }]);

		const refused = await callApi(`${url}/${reportId}`, "theirs");
		expect(refused).toMatchObject({ status: 404, body: { type: "NO_REPORT" } });
		expect((await callApi(url, "theirs")).body).toEqual([]);
	});

	it("sends a slow client the newest of its progress, and misses nothing else", async () => {
		const { gateway, stream } = await start();
		const client = await stream("mine");
		client.stall();
		const tell = (eventName: string, payload: object) =>
			gateway.send({ eventName, sessionId: "mine", payload });
		const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
		// more than a system buffers for a client that does not read
		await tell("report-ready", { reportId: one, bytes: 1, node: FLOOD });
		for (let done = 0; done < 2000; done++) {
			const reportId = done % 2 ? one : other;
			await tell("report-progress", { reportId, done, orders: 2000, node: "business" });
		}
		await tell("report-failed", { reportId: other });
		client.resume();
		await client.next("report-failed");

		const progress = client.received("report-progress") as { reportId: string; done: number }[];
		expect(progress.slice(-2)).toMatchObject([
			{ reportId: other, done: 1998 },
			{ reportId: one, done: 1999 }
		]);
		expect(progress.length).toBeLessThan(200);
		expect(client.received("report-ready")).toHaveLength(1);
		expect(client.received("sse.reset")).toEqual([]);
	});

	it.each([
		["too many orders", { orders: 20_001 }],
		["no number of orders", { orders: "all" }]
	])("of %s is refused", async (_, body) => {
		const { gateway } = await start();
		expect(await callApi(`${gateway.origin}/api/reports`, "mine", body)).toMatchObject({
			status: 422,
			body: { data: [{ field: "orders" }] }
		});
	});

	it.each(["x", "..%2F..%2Fsecret", `${crypto.randomUUID()}.csv`])(
		"is asked for by its id: %s is refused",
		async id => {
			const { gateway } = await start();
			const { status } = await callApi(`${gateway.origin}/api/reports/${id}`, "mine");
			expect(status).toBe(422);
		}
	);
});

describe("a job that is delivered again", () => {
	/** A report that its session knows to be ready. */
	async function makeOne() {
		const example = await start();
		const client = await example.stream("mine");
		const reportId = await example.create("mine");
		await client.next("report-ready");
		await eventually(() => expect(filesIn(example.folder, ".told")).toHaveLength(1));
		return { ...example, client, reportId };
	}

	it("tells nobody twice if its worker has died before it could acknowledge it", async () => {
		const { put, create, client, reportId } = await makeOne();

		await put({ reportId, sessionId: "mine", orders: 1000 });
		const next = await create("mine");
		await client.next("report-ready", 2);
		expect(client.received("report-ready")).toMatchObject([{ reportId }, { reportId: next }]);
		expect(client.received("report-progress")).toHaveLength(8);
	});

	it("is announced, and not made again, if its worker has died before it could say that it is ready", async () => {
		const { folder, put, client, reportId } = await makeOne();
		for (const name of filesIn(folder, ".told")) rmSync(join(folder, name));

		await put({ reportId, sessionId: "mine", orders: 1000 });
		await client.next("report-ready", 2);
		expect(client.received("report-ready")).toMatchObject([{ reportId }, { reportId }]);
		expect(client.received("report-progress")).toHaveLength(4);
	});

	/** The name of a file that belongs to a report of the one session that has any. */
	function nameOf(folder: string, reportId: string, ending: string): string {
		const [attempts = ""] = filesIn(folder, ".attempts");
		return join(folder, `${attempts.slice(0, attempts.indexOf("-"))}-${reportId}.${ending}`);
	}

	// It went back to the queue, and its session was told again each second.
	it("is announced once if that cannot be noted", async () => {
		const { gateway, folder, put, create, client } = await makeOne();
		const reportId = crypto.randomUUID();
		symlinkSync(join(folder, "missing", "told"), nameOf(folder, reportId, "told"));

		await put({ reportId, sessionId: "mine", orders: 1000 });
		await eventually(() =>
			expect(gateway.log.at("warn").join()).toContain(`the report ${reportId} was announced`)
		);
		await create("mine");
		await client.next("report-ready", 3);
		const told = client.received("report-ready") as { reportId: string }[];
		expect(told.filter(ready => ready.reportId === reportId)).toHaveLength(1);
		expect(gateway.log.at("warn").join()).not.toContain("goes back to the queue");
	});

	it("is given up when it was begun ten times, which its session is told", async () => {
		const { gateway, folder, create, put, stream } = await start();
		const client = await stream("mine");
		await create("mine");
		await client.next("report-ready");
		const reportId = crypto.randomUUID();
		writeFileSync(nameOf(folder, reportId, "attempts"), ".".repeat(10));

		await put({ reportId, sessionId: "mine", orders: 1000 });
		const failed = await client.next("report-failed");
		expect(JSON.parse(failed.data)).toEqual({ reportId });
		expect(gateway.log.at("error").join()).toContain(`${reportId} is given up after 10 attempts`);
		const { body } = await callApi(`${gateway.origin}/api/reports`, "mine");
		expect(body).toMatchObject([{ reportId, state: "failed" }, { state: "ready" }]);
		await create("mine");
		await client.next("report-ready", 2);
	});
});

// Each held up its worker for ever: it was given back, and came again, and was not counted.
describe("a message that can never be worked", () => {
	const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
	const reportId = crypto.randomUUID();

	it.each([
		["for everyone", JSON.stringify({ reportId, sessionId: "*", orders: 1 })],
		["too deep to be checked", deep],
		["a job with an id that is too deep", `{"reportId":${deep},"sessionId":"mine","orders":1}`]
	])("is logged and dropped, and the job after it is done: %s", async (_, content) => {
		const { gateway, folder, create, stream } = await start();
		const client = await stream("mine");
		const { channel } = gateway.broker.getLocalService("reports") as Service & { channel: Channel };
		channel.sendToQueue("reports", Buffer.from(content));
		await create("mine");

		await client.next("report-ready");
		const [dropped, ...more] = gateway.log.at("error");
		expect(dropped).toMatch(
			/^A message in the queue 'reports' is no job\. It is dropped: .{10,500}$/
		);
		expect(more).toEqual([]);
		expect(filesIn(folder, ".csv")).toHaveLength(1);
	});
});

describe("an old report that cannot be removed", () => {
	// Every job failed before it was begun, and came again, for as long as the file was there.
	it("keeps no other from being made", async () => {
		const { gateway, folder, create, stream } = await start();
		const old = join(folder, `${"0".repeat(32)}-old.csv`);
		mkdirSync(old);
		utimesSync(old, new Date(0), new Date(0));
		const client = await stream("mine");
		await create("mine");

		await client.next("report-ready");
		expect(gateway.log.at("warn").join()).toContain("over an hour old cannot be removed");
	});
});

describe("an attempt that fails", () => {
	it("is made again, until it succeeds", async () => {
		const temp = tempFolder("reports");
		onTestFinished(() => temp.remove());
		const folder = join(temp.path, "full");
		writeFileSync(folder, "a file, where the folder should be");
		const { gateway, create, stream } = await start({ folder });
		const client = await stream("mine");
		const reportId = await create("mine");
		await eventually(() =>
			expect(gateway.log.at("warn").join()).toContain(`${reportId} goes back to the queue`)
		);
		rmSync(folder);

		await client.next("report-ready");
		expect(readFileSync(join(folder, filesIn(folder, ".csv")[0] as string), "utf8")).toBe(
			csv(reportId, 1000)
		);
	});
});

// It came again every second for ever: attempts were counted in the folder, and nothing else said that they had been made.
describe("a folder that cannot be used", () => {
	async function startWithout() {
		const temp = tempFolder("reports");
		onTestFinished(() => temp.remove());
		const folder = join(temp.path, "folder");
		writeFileSync(folder, "a file, where the folder should be");
		return { ...(await start({ folder })), folder };
	}

	it("is told when the node starts, with what helps", async () => {
		const { gateway, folder } = await startWithout();
		expect(gateway.log.at("error")).toEqual([
			expect.stringMatching(`REPORTS_FOLDER.*${folder}.*cannot be used: E.*Name one that`)
		]);
	});

	it("has a report given up after ten attempts, which its session is told, and the next one begun", async () => {
		const { gateway, create, stream } = await startWithout();
		const client = await stream("mine");
		const [one, two] = [await create("mine"), await create("mine")];
		await eventually(() => expect(client.received("report-failed")).toEqual([{ reportId: one }]), {
			timeout: 30_000,
			interval: 50
		});
		expect(gateway.log.at("error").join()).toContain(`${one} is given up after 10 attempts`);
		await eventually(() =>
			expect(gateway.log.at("warn").join()).toContain(`${two} goes back to the queue`)
		);
		const attempts = gateway.log.at("warn").filter(text => text.includes(`${one} goes back`));
		expect(attempts).toHaveLength(9);
	}, 40_000);

	// The answer was 500, with the path.
	it.each(["", `/${crypto.randomUUID()}`])(
		"is not shown to clients: /api/reports%s",
		async path => {
			const { gateway, folder } = await startWithout();
			const answer = await callApi(`${gateway.origin}/api/reports${path}`, "mine");
			expect(answer).toMatchObject({ status: 503, body: { type: "REPORTS_UNAVAILABLE" } });
			expect(JSON.stringify(answer)).not.toContain(folder);
			expect(gateway.log.at("error").join()).toMatch(/The reports cannot be read.*ENOTDIR/s);
		}
	);
});

describe("a node that stops in the middle of a job", () => {
	it("leaves nothing half done, and says what is lost with its queue", async () => {
		const { gateway, folder, create, stream } = await start({ stepTime: 60_000 });
		const client = await stream("mine");
		for (let n = 0; n < 3; n++) await create("mine");
		await client.next("report-progress");
		await gateway.broker.stop();

		expect(filesIn(folder, ".part")).toEqual([]);
		expect(filesIn(folder, ".csv")).toEqual([]);
		// a stop says nothing about the report: it is no attempt of the ten
		const [attempts = ""] = filesIn(folder, ".attempts");
		expect(readFileSync(join(folder, attempts), "utf8")).toBe("");
		expect(gateway.log.at("warn")).toContain("Jobs that waited in this process are lost: 3.");
	});
});

describe("the embedded default", () => {
	it("says once that jobs wait in the process", async () => {
		const { gateway } = await start();
		const said = gateway.log.at("info").filter(text => text.includes("No RabbitMQ"));
		expect(said).toEqual(["No RabbitMQ: jobs wait in this process, and are lost when it ends."]);
	});
});
