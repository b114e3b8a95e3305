import type { Sent } from "../../chaos/log.ts";

/** The plan of a node: plain data, which is sent to the process that hosts it. */
export interface NodePlan {
	readonly nodeID: string;
	/** Options of the broker that JSON can carry. */
	readonly broker: Readonly<Record<string, unknown>>;
	/** Moleculer's middlewares for packets, outermost last. */
	readonly packets?: readonly PacketMiddleware[];
	/** Makes it a gateway that listens here. */
	readonly port?: number;
	/** What a service of its own sends in its `started`. */
	readonly greeting?: Sending;
}

export type PacketMiddleware = "Compression" | "Encryption";

/** A number of events, numbered on from `first`. */
export interface Sending {
	/** A name that counts a node's events over all its lives. */
	readonly from: string;
	readonly first: number;
	readonly count: number;
	readonly eventName: string;
	/** Their recipients, in turn: session ids, or `"*"`. */
	readonly to: readonly string[];
	/** Milliseconds between two; 0 = all at once, none awaited. */
	readonly every: number;
	/** Characters by which they are longer, in turn; default none. */
	readonly padding?: readonly number[];
}

/** A node's state, as it reports it. */
export interface NodeState {
	/** `busState(broker)`: whether it is connected, and whether events can be sent and received. */
	readonly connected: boolean;
	readonly working: boolean;
	/** Nodes to which it would send an event, including itself if it is a gateway. */
	readonly gateways: readonly string[];
	/** Other nodes that it considers available. */
	readonly peers: readonly string[];
}

/** What happened to a payload of the corpus at the sender. */
export interface PayloadOutcome {
	readonly name: string;
	/** `JSON.stringify` of it, or null if that is not JSON. */
	readonly json: string | null;
	/** Why the sender refused it, or null. */
	readonly refusal: string | null;
}

/** A node that a command is about. */
export interface ToNode {
	readonly nodeID: string;
}

/** The commands of the process that hosts nodes. */
export interface Commands {
	/** Creates a node and starts it; returns what it sent in `started`. */
	start(plan: NodePlan): Promise<readonly Sent[]>;
	stop(at: ToNode): Promise<void>;
	/** Returns what it sent, as it remembers it. */
	send(what: ToNode & { readonly sending: Sending }): Promise<readonly Sent[]>;
	/** Sends the corpus of payloads. */
	corpus(
		where: ToNode & { readonly eventName: string; readonly sessionId: string }
	): Promise<readonly PayloadOutcome[]>;
	/** Revokes a session. */
	close(what: ToNode & { readonly sessionId: string }): Promise<void>;
	/** Destroys a gateway's service and creates it again. */
	reload(at: ToNode): Promise<void>;
	state(at: ToNode): Promise<NodeState>;
	/** Breaks the connections between this process and other nodes, if no server is between them. */
	cut(): Promise<void>;
	heal(): Promise<void>;
}
