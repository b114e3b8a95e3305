import type { ServiceBroker } from "moleculer";
import { lineOf } from "../core/errors/guard.ts";
import { TICKET_USED } from "../gateway/tickets/shared-tickets.ts";

/** The action by which gateways answer other nodes; `public`, because a `protected` one can be called only on its own node. */
export const REPORT = "$sse.report";

/** Milliseconds to wait for other nodes. */
export const DEADLINE = 2000;

/** A node with a gateway that did not answer. */
export interface SseSilentNode {
	readonly nodeID: string;
	/**
	 * `timeout`: not within two seconds; `unsupported`: its version of the package does not know the question; `failed`: the
	 * call failed.
	 */
	readonly reason: "timeout" | "unsupported" | "failed";
	/** The message of the failure. */
	readonly message?: string;
}

/** The answers of all gateways. */
export interface GatewayAnswers<Answer> {
	readonly answers: readonly Answer[];
	/** Sorted by node id. */
	readonly silent: readonly SseSilentNode[];
}

const LATE = Symbol("late");

/**
 * Asks all nodes that are known to have a gateway, including this one, and waits for the others at most {@link DEADLINE}.
 * Rejects only if `own` does.
 *
 * @param own Returns the answers of this node's gateways.
 */
export async function askGateways<Question extends object, Answer>(
	broker: ServiceBroker,
	question: Question,
	own: () => readonly Answer[] | Promise<readonly Answer[]>
): Promise<GatewayAnswers<Answer>> {
	const answers: Answer[] = [];
	const silent: SseSilentNode[] = [];
	const others = gatewayNodes(broker).filter(nodeID => nodeID !== broker.nodeID);
	await Promise.all([
		(async () => void answers.push(...(await own())))(),
		...others.map(async nodeID => {
			const answer = await askNode<Answer>(broker, nodeID, question);
			if (Array.isArray(answer)) answers.push(...answer);
			else silent.push(answer as SseSilentNode);
		})
	]);
	silent.sort((a, b) => (a.nodeID < b.nodeID ? -1 : 1));
	return { answers, silent };
}

/** The nodes with a gateway, of any version. Each gateway listens to this event, and nothing else has a reason to. */
function gatewayNodes({ registry }: ServiceBroker): string[] {
	const endpoints: { readonly id: string }[] = registry.events.getAllEndpoints(TICKET_USED);
	return [...new Set(endpoints.map(({ id }) => id))];
}

async function askNode<Answer>(
	broker: ServiceBroker,
	nodeID: string,
	question: object
): Promise<readonly Answer[] | SseSilentNode> {
	if (!broker.registry.getActionEndpointByNodeId(REPORT, nodeID)) {
		return { nodeID, reason: "unsupported" };
	}
	let timer: NodeJS.Timeout | undefined;
	// A transporter that has lost its connection may hold a call for ever, despite the call's own timeout.
	const late = new Promise<typeof LATE>(resolve => {
		timer = setTimeout(resolve, DEADLINE, LATE).unref();
	});
	try {
		const options = { nodeID, timeout: DEADLINE, retries: 0 };
		const answer: unknown = await Promise.race([broker.call(REPORT, question, options), late]);
		if (answer === LATE) return { nodeID, reason: "timeout" };
		if (Array.isArray(answer)) return answer as Answer[];
		return { nodeID, reason: "unsupported" };
	} catch (error) {
		const isLate = (error as { type?: unknown } | null)?.type === "REQUEST_TIMEOUT";
		return isLate
			? { nodeID, reason: "timeout" }
			: { nodeID, reason: "failed", message: lineOf(error) };
	} finally {
		clearTimeout(timer);
	}
}
