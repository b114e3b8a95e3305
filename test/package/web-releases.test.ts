import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { noted } from "../support/noted.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { pack } from "./pack.ts";
import { Project } from "./project.ts";

const folder = tempFolder("web-releases");
let tarball: string;

beforeAll(async () => {
	tarball = await pack(folder.path);
});
afterAll(() => folder.remove());

/**
 * A gateway as Moleculer's own project template makes it, with streams added to it, and another node that sends. Prints what
 * clients are answered, and what becomes of a trace.
 */
const APP = `
const { ServiceBroker } = require("moleculer");
const ApiGateway = require("moleculer-web");
const { SseMiddleware, SseMixin } = require("moleculer-sse");

const lines = [];
const logger = { type: "Console", options: { formatter: (_type, args) => {
	lines.push(args.join(" ").replace(/\\u001b\\[\\d+m/g, "").trim());
	return [];
} } };
const tracing = { enabled: true, exporter: { type: "Event", options: { interval: 0 } } };
const options = { transporter: "Fake", tracing, middlewares: [SseMiddleware()] };
const broker = new ServiceBroker({ ...options, nodeID: "node-1", logger, metrics: true });
const other = new ServiceBroker({ ...options, nodeID: "node-2", logger: false });
const spans = [];
broker.createService({
	name: "spans",
	events: { "$tracing.spans": { context: true, handler: ctx => void spans.push(...ctx.params) } }
});
other.createService({
	name: "orders",
	actions: {
		pay: ctx => ctx.broadcast("sse.send", { eventName: "news", sessionId: "*", payload: 1 })
	}
});
const used = (_req, res, next) => {
	res.setHeader("x-used", "yes");
	next();
};
const service = broker.createService({
	name: "api",
	mixins: [SseMixin({ drain: 0, session: (ctx, req) => req.$action.name === "sse" ? ctx.meta.user?.id ?? 7 : 8 }), ApiGateway],
	settings: {
		port: 0,
		ip: "127.0.0.1",
		routes: [{
			path: "/api",
			authentication: true,
			authorization: true,
			aliases: {
				"GET /private": { type: "sse", auth: "required" },
				"GET /chat": [used, { type: "sse", eventNames: ["chat.message"] }]
			}
		}]
	},
	methods: {
		async authenticate(ctx, route, req) {
			return req.headers.authorization ? { id: 1 } : null;
		},
		async authorize(ctx, route, req) {
			if (req.$action.auth == "required" && !ctx.meta.user) {
				throw new ApiGateway.Errors.UnAuthorizedError("NO_RIGHTS");
			}
		}
	}
});

async function answer(path, headers = {}) {
	const response = await fetch("http://127.0.0.1:" + service.server.address().port + path, { headers });
	if (response.status !== 200) return { status: response.status, type: (await response.json()).type };
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	let text = "";
	while (!text.includes("\\n\\n")) text += (await reader.read()).value;
	reader.cancel();
	return {
		status: 200,
		used: response.headers.get("x-used"),
		names: JSON.parse(/^data: (.*)$/m.exec(text)[1]).eventNames
	};
}

async function traced() {
	const response = await fetch("http://127.0.0.1:" + service.server.address().port + "/sse/event-stream?eventName=news");
	await broker.waitForServices("orders");
	await broker.call("orders.pay");
	const isPay = ({ name }) => name.includes("orders.pay");
	const trace = () => spans.filter(({ traceID }) => traceID === spans.find(isPay)?.traceID);
	while (!trace().some(({ name }) => name === "sse.deliver")) await new Promise(setImmediate);
	await response.body.cancel();
	const ours = trace();
	const nameOf = id => ours.find(span => span.id === id)?.name;
	return {
		parents: Object.fromEntries(ours.map(({ name, parentID }) => [name, nameOf(parentID)])),
		nodes: ours.map(({ name, tags }) => [name, tags.nodeID]).sort()
	};
}

/** What the registry has of metrics of the package, as reporters read it. */
function counted(...names) {
	const values = names.map(name => broker.metrics.list({ includes: "moleculer.sse." + name })[0].values[0]);
	return values.map(({ value, count, buckets }) => value ?? [count, Object.values(buckets).at(-1)]);
}

Promise.all([broker.start(), other.start()]).then(async () => {
	const news = { eventName: "news", sessionId: "7", payload: 1 };
	const before = counted("streams.opened", "events.sent", "bus.working");
	const refused = await broker
		.call("api.addRoute", { route: { path: "/late", aliases: { "GET /": { type: "SSE" } } } })
		.catch(({ type }) => type);
	let uncalled;
	try {
		broker.createService({ name: "other", mixins: [SseMixin, ApiGateway] });
	} catch ({ message }) {
		uncalled = message;
	}
	console.log(JSON.stringify({
		guest: await answer("/api/private?eventName=news"),
		user: await answer("/api/private?eventName=news", { authorization: "me" }),
		chat: await answer("/api/chat"),
		own: await answer("/sse/event-stream?eventName=news"),
		refused,
		uncalled,
		sent: await broker.broadcast("sse.send", news).then(() => true),
		before,
		counted: counted("streams.opened", "opening.time", "events.sent"),
		traced: await traced(),
		routes: lines.filter(line => line.includes("=> sse"))
	}));
	await Promise.all([broker.stop(), other.stop()]);
	process.exit();
});
`;

describe.each([
	["0.10.0", "0.14.12"],
	["0.10.8", "0.14.36"],
	["^0.11.0", "^0.15.0"]
])("moleculer-web %s with Moleculer %s", (web, moleculer) => {
	let project: Project;
	beforeAll(async () => {
		project = await Project.create({
			type: "commonjs",
			packages: [tarball, `moleculer@${moleculer}`, `moleculer-web@${web}`],
			files: { "app.js": APP }
		});
	});
	afterAll(() => project?.remove());

	it("streams after the hooks of Moleculer's own project template, and is in Moleculer's traces", async () => {
		const { output, end } = await project.run("app.js");

		noted(output, () => expect(end).toBe("code 0"));
		const open = { status: 200, used: null, names: ["news"] };
		expect(JSON.parse(output)).toEqual({
			guest: { status: 401, type: "NO_RIGHTS" },
			user: open,
			chat: { ...open, used: "yes", names: ["chat.message"] },
			own: open,
			refused: "SSE_INVALID_OPTION",
			sent: true,
			before: [0, 0, 1],
			counted: [3, [3, 3], 1],
			uncalled: expect.stringContaining("passed without being called"),
			traced: {
				parents: { "sse.send": "action 'orders.pay'", "sse.deliver": "sse.send" },
				nodes: [
					["action 'orders.pay'", "node-2"],
					["sse.deliver", "node-1"],
					["sse.send", "node-2"]
				]
			},
			routes: ["GET /api/private => sse", "GET /api/chat => sse", "GET /sse/event-stream => sse"]
		});
	});
});
