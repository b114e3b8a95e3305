/** A session is revoked while a gateway cannot hear of it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../chaos/clients.ts";
import { needsProcesses, type Scenario } from "./scenario.ts";

/** Milliseconds of the outage before and after the revocation. */
const UNHEARD = 2000;

const isClosed = ({ entries }: Client) => entries.some(({ kind }) => kind === "closed");

const revokedInOutage: Scenario = {
	name: "revoked in an outage of one gateway",
	part: "outage-gateway",
	mayLose: true,
	impossible: needsProcesses,
	async play(cell) {
		const { stage } = cell;
		const [out] = await cell.open(cell.gateway(0), "out", "s1");
		const [elsewhere] = await cell.open(cell.gateway(1), "s2");
		const [gateway] = stage.gateways;
		const [sender] = stage.senders;
		if (!out || !elsewhere || !gateway || !sender) return;
		cell.excuse(out);
		await cell.send(stage.senders, { count: 10, to: ["out", "*"] });
		await cell.settle();

		await gateway.cut();
		await sleep(UNHEARD);
		await sender.host.ask("close", { nodeID: sender.nodeID, sessionId: "out" });
		await sleep(UNHEARD);
		await gateway.heal();
		const deadline = Date.now() + cell.within;
		while (Date.now() < deadline && !isClosed(out)) await sleep(50);
		if (!isClosed(out)) cell.untruths.push("the stream that was revoked in the outage goes on");
		if (isClosed(elsewhere))
			cell.untruths.push("a stream was closed on the gateway that heard of it");
		await cell.untilOpen(cell.clients);
		await stage.untilMet([], 60_000);
		await cell.send(stage.senders, { count: 10, to: ["out", "*"] });
		await cell.settle({ within: cell.within, quiet: 1000 });
	}
};

export const REVOCATIONS: readonly Scenario[] = [revokedInOutage];
