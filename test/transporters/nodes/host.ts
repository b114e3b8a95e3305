/**
 * A process that hosts nodes, commanded by lines on its stdin: `{ "id", "command", "input" }` each. It answers with lines
 * `@<id> { "value" }` or `@<id> { "error" }`; whatever else it prints is its nodes' log.
 *
 * The environment's MOLECULER names the folder of the Moleculer release that it runs on.
 */
import { createInterface } from "node:readline";
import type { Commands } from "./plan.ts";
import { useMoleculerOf } from "./release.ts";
import { TcpLinks } from "./tcp-links.ts";

useMoleculerOf(process.env.MOLECULER ?? "");
// only now: these import that release
const { HostedNode } = await import("./node.ts");
const { send } = await import("./sender.ts");
const { sendCorpus } = await import("./corpus.ts");

const nodes = new Map<string, InstanceType<typeof HostedNode>>();
const links = new TcpLinks(port => [...nodes.values()].some(node => node.port === port));

function find(nodeID: string): InstanceType<typeof HostedNode> {
	const node = nodes.get(nodeID);
	if (node === undefined) throw new Error(`no node ${nodeID}`);
	return node;
}

const commands: Commands = {
	async start(plan) {
		const node = new HostedNode(plan);
		nodes.set(plan.nodeID, node);
		await node.broker.start();
		return node.greeted;
	},
	async stop({ nodeID }) {
		const { broker } = find(nodeID);
		nodes.delete(nodeID);
		await broker.stop();
	},
	send: ({ nodeID, sending }) => send(find(nodeID).broker, sending),
	corpus: ({ nodeID, eventName, sessionId }) =>
		sendCorpus(find(nodeID).broker, eventName, sessionId),
	async close({ nodeID, sessionId }) {
		await find(nodeID).broker.broadcast("sse.close", { sessionId });
	},
	reload: ({ nodeID }) => find(nodeID).reload(),
	state: async ({ nodeID }) => find(nodeID).state,
	async cut() {
		links.cut();
	},
	async heal() {
		links.heal();
	}
};

process.on("unhandledRejection", error => console.log("unhandledRejection", error));
process.once("SIGTERM", async () => {
	await Promise.all([...nodes.values()].map(({ broker }) => broker.stop()));
	process.exit(0);
});

/** JSON keeps two line separators, at which a line ends for regular expressions. */
function asLine(answer: object): string {
	return JSON.stringify(answer).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

console.log("@ready");
for await (const line of createInterface(process.stdin)) {
	const { id, command, input } = JSON.parse(line);
	const run = commands[command as keyof Commands] as (input: unknown) => Promise<unknown>;
	// not awaited: a long command holds up no other
	run(input).then(
		value => console.log(`@${id} ${asLine({ value })}`),
		error => console.log(`@${id} ${asLine({ error: String(error?.stack ?? error) })}`)
	);
}
