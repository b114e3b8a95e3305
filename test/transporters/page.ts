/** The page `docs/transporters.md`, from the results of runs: pure. */

import type { Result } from "./job.ts";
import { LIMITS } from "./limits.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import { TRANSPORTER, TRANSPORTERS } from "./transporters.ts";

const HEAD = `# Transporters

What \`npm run test:transporters -- --write\` found: real nodes in processes of their own, real servers, clients over
HTTP. CONTRIBUTING says how to run it. A cell is **ok** if every event was delivered once and in its sender's order, or
was told by \`sse.reset\` in time to whom missed it, and to nobody else; and if \`degraded\` and \`busState\` told the
truth meanwhile. Else it says what was wrong: **lost** in silence, **reset** though nothing was missed, out of **order**,
lost and told without a fault (**told**), an untrue **state**, or other **bytes** than those of JSON. – is what cannot be:
one node has no other, and nodes in one process have no connection to cut.
`;

const TAIL = `## What a gateway cannot know

With Moleculer events, whichever transporter carries them:

- **A path that is silent.** If nothing of one sender reaches a gateway, the gateway suspects that something is missing 7 seconds after it last
  heard that sender, and gives no ids from then on. Whoever leaves it before is told on any other gateway, or gets what was missed: a replay
  there reaches back for 12 seconds, or for half of \`history.maxAge\` if that is less. So let \`maxAge\` be 24 seconds or more.
- **A path that stands still.** Of these 12 seconds, 5 are for events that arrive in another order on another gateway. If a connection holds
  packets back for longer, and then delivers them all, a client may miss an event of another sender when it moves to that gateway.
- **A sender that had sent nothing.** If the path from it to one gateway alone is broken, Moleculer takes it for gone there after 30 to 60 seconds.
  For 30 seconds from then on the gateway gives no ids. If the path is whole only after that, clients that have left the gateway in between
  are not told of the first event of that sender. Those that stay there are told when it is back.
- **A sender that is not known.** If the news that a node has come does not reach one gateway, or if the path between them is broken for so long
  that Moleculer takes the node for gone there, while others hear it, that gateway does not know what it misses of it from then on. Clients that
  are there when it meets the node, or hears from others that it has gone, are told; clients that have moved to another gateway
  more than 12 seconds after the event are not. A sender that has sent something counts as lost 30 seconds after it was taken for gone, and up to then
  there are no ids.
- **Senders of earlier versions** do not say when they report again. With them, a path may be silent for a minute before anybody suspects it.
`;

/** What was wrong with a cell, in a word or a few. */
export function faultOf({ outcome, counts, reasons }: Result): string {
	if (outcome === "ok") return "ok";
	if (outcome === "skipped") return "–";
	if (outcome === "limit") return "limit";
	const all = reasons.join("\n");
	const faults = [
		((counts?.lost ?? 0) > 0 || all.includes("untold")) && "lost",
		(counts?.falseResets ?? 0) > 0 && "reset",
		(counts?.disordered ?? 0) > 0 && "order",
		all.includes("without a fault") && "told",
		/busState|degraded/.test(all) && "state",
		all.includes(" in place of ") && "bytes"
	].filter(Boolean);
	return `**${faults.length === 0 ? "failed" : faults.join(", ")}**`;
}

/** @param node of Node.js, which they ran on */
export function page(results: readonly Result[], node: string): string {
	const plain = results.filter(({ variant }) => variant === "");
	const versions = [...new Set(results.map(({ version }) => version))].sort();
	const parts = [HEAD, `Moleculer ${versions.join(", ")}; Node.js ${node}.\n`];
	parts.push("## Moleculer's defaults\n", table(plain, "transporter"));
	const titles = TRANSPORTERS.map(name => `${name}: ${TRANSPORTER[name].title}`).join(", ");
	parts.push(`(${titles}.)\n`);
	const variants = Map.groupBy(
		results.filter(({ variant }) => variant !== ""),
		({ variant }) => (variant.startsWith("serializer") ? "Serializers" : variant)
	);
	for (const [name, these] of variants) {
		const column = name === "Serializers" ? "variant" : "transporter";
		parts.push(`## ${name}\n`, table(these, column));
	}
	parts.push(
		"## Limits of Moleculer's own\n",
		`${LIMITS.map(({ name, reason }) => `- ${name}: ${reason}.`).join("\n")}\n`,
		TAIL
	);
	return parts.join("\n");
}

/** A row for each scenario. If releases differ, it says which found what. */
function table(results: readonly Result[], column: "transporter" | "variant"): string {
	const columns = [...new Set(results.map(result => result[column]))];
	const order = TRANSPORTERS as readonly string[];
	columns.sort((a, b) => order.indexOf(a) - order.indexOf(b));
	const head = ["", ...columns.map(name => name.replace("serializer ", ""))];
	const rows = SCENARIOS.flatMap(({ name }) => {
		const these = results.filter(({ scenario }) => scenario === name);
		if (these.length === 0) return [];
		const cells = columns.map(at => together(these.filter(result => result[column] === at)));
		return [[name, ...cells]];
	});
	const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
	return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

function together(results: readonly Result[]): string {
	const byFault = Map.groupBy(results, faultOf);
	if (byFault.size <= 1) return [...byFault.keys()][0] ?? "";
	return [...byFault]
		.map(([fault, these]) => `${these.map(({ version }) => version).join(", ")}: ${fault}`)
		.join("<br>");
}
