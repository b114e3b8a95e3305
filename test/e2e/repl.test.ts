import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { ServiceBroker } from "moleculer";
import { type Client, connect } from "../support/clients/client.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { createCluster } from "../support/processes/cluster.ts";
import { openTerminal, type Terminal } from "../support/processes/terminal.ts";
import { inject } from "../support/provided.ts";
import { tempFolder } from "../support/temp-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let repl: Terminal;
let open: (sessionId: string) => Promise<Client>;
/** Another node that is no gateway. */
let sender: ServiceBroker;

/** A person at the REPL of a node that is not a gateway, and a gateway that the node knows. */
beforeEach(async () => {
	const cluster = createCluster();
	const gateway = await cluster.gateway("gateway-1");
	open = sessionId => connect(`http://127.0.0.1:${gateway.port}`, sessionId, ["notifications"]);

	sender = await cluster.sender("teller", [gateway]);
	const home = tempFolder("home");
	repl = openTerminal("node_modules/.bin/moleculer-runner --repl --config moleculer.config.ts", {
		cwd: ROOT,
		env: {
			TRANSPORTER: inject("amqpUrl"),
			NAMESPACE: cluster.namespace,
			NODE_ID: "desk",
			LOG_LEVEL: "error",
			// The REPL keeps its history there.
			HOME: home.path
		}
	});
	onTestFinished(async () => {
		await repl.process.stop();
		await home.remove();
	});
	await repl.shows(/mol \$/);
	await eventually(
		async () => {
			repl.type("events");
			await repl.shows(/sse\.send/, 2_000);
		},
		{ timeout: 20_000 }
	);
	// Events have ids once the gateway knows that this node, and any other, knows it.
	const probe = await open("probe");
	await eventually(
		async () => {
			const { length } = probe.events;
			repl.type("broadcast sse.send --eventName notifications --sessionId probe --payload.n 1");
			await eventually(() => expect(probe.events.length).toBeGreaterThan(length));
			expect(probe.events.at(-1)?.id).toMatch(/^desk\./);
		},
		{ timeout: 20_000 }
	);
});

const data = (client: Client) => client.events.map(event => event.data);

describe("at the REPL of a node that is not a gateway", () => {
	it("`broadcast sse.send` reaches the session's streams, through RabbitMQ", async () => {
		const [mine, other] = [await open("abc"), await open("other")];
		repl.type("broadcast sse.send --eventName notifications --sessionId abc --payload.message hi");
		await eventually(() => expect(data(mine)).toEqual([{ message: "hi" }]));
		expect(mine.events[0]?.id).toMatch(/^desk\./);

		const numeric = await open("42");
		repl.type("broadcast sse.send --eventName notifications --sessionId 42 --payload.n 7");
		await eventually(() => expect(data(numeric)).toEqual([{ n: 7 }]));
		expect(data(other)).toEqual([]);
	});

	it("a bad `broadcast sse.send` is reported, and the node goes on", async () => {
		const client = await open("abc");
		repl.type("broadcast sse.send --eventName notifications --payload.message lost");
		await repl.shows(/"sessionId" is missing/);
		repl.type("sse send abc notifications 1");
		await eventually(() => expect(data(client)).toEqual([1]));
	});

	it("`emit sse.send` is refused, by a line that says what to do and nothing else", async () => {
		repl.type("emit sse.send --eventName notifications --sessionId abc --payload.message lost");
		await repl.shows(/was emitted.*: broadcast it\.\s/);
		repl.type("sse send abc notifications 1");
		await repl.shows(/Sent "notifications"/);
		expect(repl.process.output).not.toMatch(/broadcast it\.\s+undefined/);
	});

	it("`sse send` takes JSON and keeps ids as the typed text", async () => {
		const [abc, typed, thousand] = [await open("abc"), await open("1e3"), await open("1000")];
		repl.type(`sse send abc notifications '{"message":"hi there"}'`);
		await repl.shows(/Sent "notifications" to session "abc"/);
		repl.type(`sse send 1e3 notifications '[1, "two", null]'`);
		await repl.shows(/to session "1e3"/);
		repl.type("sse send 007 notifications");
		await repl.shows(/to session "007"/);
		repl.type("sse send abc notifications -5");
		await repl.shows(/to session "abc"/);
		repl.type("sse send * notifications true");
		await repl.shows(/to everyone/);

		await eventually(() => expect(data(abc)).toEqual([{ message: "hi there" }, -5, true]));
		await eventually(() => expect(data(typed)).toEqual([[1, "two", null], true]));
		await eventually(() => expect(data(thousand)).toEqual([true]));
	});

	it("`sse send` answers a mistake with an error that helps", async () => {
		repl.type("sse send abc notifications {broken");
		await repl.shows(/The payload is not JSON.*single quotes/);
		repl.type(`sse send abc notifications {"message": "unquoted"}`);
		await repl.shows(/single quotes/);
		repl.type("sse send abc sse.open 1");
		await repl.shows(/Not sent: "eventName" starts with "sse\."/);
		repl.type("sse send abc");
		await repl.shows(/missing required argument 'eventName'/);
		repl.type("sse sned abc notifications 1");
		await repl.shows(/Unknown command "sse sned"/);
		repl.type("sse --help");
		await repl.shows(/Send a Server-Sent Event/);
	});

	it("looks into the gateways: `sse nodes`, `sse streams`, `sse close`", async () => {
		const client = await open("abc");
		repl.type("sse nodes");
		await repl.shows(/gateway-1 +api +\d/);
		repl.type("sse streams --session abc");
		await repl.shows(/gateway-1 +api +abc +notifications +live/);
		repl.type("sse close abc banned");
		await repl.shows(/Closed 1 stream\./);
		await eventually(() => expect(client.told.at(-1)?.data).toEqual({ reason: "banned" }));
	});

	it("`sse tap` shows events as they come, and ends with Ctrl-C, upon which the REPL goes on", async () => {
		await open("abc");
		repl.type("sse tap notifications");
		await repl.shows(/Ctrl-C ends/);
		await eventually(async () => {
			await sender.broadcast("sse.send", {
				eventName: "notifications",
				sessionId: "abc",
				payload: { secret: 1 }
			});
			await repl.shows(
				/teller\.\S+ +notifications +12 B +to 1 session, 1 stream on 1 gateway/,
				2_000
			);
		});
		repl.press("\u0003");
		await repl.shows(/Ended\./);
		repl.type("sse nodes");
		await repl.shows(/gateway-1 +api +\d/);
		expect(repl.screen()).not.toMatch(/secret|press Ctrl\+C again/);
	});
});
