/** The same bytes on the sender's own node and on any other, whatever the serializer: those of JSON. */
import type { Cell } from "../cell.ts";
import { markOf } from "../nodes/corpus.ts";
import type { PayloadOutcome } from "../nodes/plan.ts";
import { type PayloadStream, receivePayloads } from "../payload-stream.ts";
import type { StageNode } from "../stage-node.ts";
import { needsNodes, type Scenario } from "./scenario.ts";

const payloads: Scenario = {
	name: "payloads",
	part: "payloads",
	impossible: needsNodes,
	async play(cell) {
		// a gateway sends: its own streams get an event without a serializer
		const [own, other] = cell.stage.gateways as [StageNode, StageNode];
		const { eventName } = cell;
		const sessionId = "p0";
		const [near, far] = await Promise.all(
			[own, other].map(({ url }) => receivePayloads(url, sessionId, eventName))
		);
		const { nodeID } = own;
		const outcomes = await own.host.ask("corpus", { nodeID, sessionId, eventName });
		for (const { name, json, refusal } of outcomes) {
			if (json === null && refusal === null) cell.untruths.push(`${name}: is not refused`);
			if (json !== null && refusal !== null) cell.untruths.push(`${name}: ${refusal}`);
		}
		await compare(cell, outcomes, near as PayloadStream, "own node");
		await compare(cell, outcomes, far as PayloadStream, "other node");
	}
};

async function compare(
	cell: Cell,
	outcomes: readonly PayloadOutcome[],
	stream: PayloadStream,
	where: string
): Promise<void> {
	await stream.until(JSON.stringify(markOf(outcomes.length)), cell.within);
	const { data } = stream;
	for (const [at, { name, json, refusal }] of outcomes.entries()) {
		const begin = data.indexOf(JSON.stringify(markOf(at)));
		const end = data.indexOf(JSON.stringify(markOf(at + 1)));
		const came = begin < 0 ? [] : data.slice(begin + 1, end < 0 ? undefined : end);
		const due = json === null || refusal !== null ? [] : [json];
		if (came.join("\n") === due.join("\n")) continue;
		cell.untruths.push(`${name}, ${where}: ${clip(came)} in place of ${clip(due)}`);
	}
	if (stream.resets > 0) cell.untruths.push(`${where}: ${stream.resets} resets`);
	stream.close();
}

const clip = (texts: readonly string[]): string =>
	texts.length === 0 ? "nothing" : texts.join(" and ").slice(0, 60);

export const PAYLOAD_SCENARIOS: readonly Scenario[] = [payloads];
