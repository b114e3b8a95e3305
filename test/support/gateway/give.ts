import type { Gateway } from "../../../mixins/sse/gateway/gateway.ts";
import type { TestGateway } from "./gateway.ts";

/** Gives a gateway an event as if it came from another node: the one that its id names. */
export function give(
	{ service }: TestGateway,
	event: { readonly id: string } & Record<string, unknown>
): void {
	const gateway: Gateway = Reflect.get(service, Symbol.for("moleculer-sse.gateway"));
	const [nodeID = ""] = event.id.split(".");
	gateway.fanOut.receive(event, { nodeID });
}
