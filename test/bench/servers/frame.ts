import type { Payload } from "../payload.ts";

let events = 0;

/** An event as the product writes it, including the id: a control row writes as much. */
export function frameOf(payload: Payload): Buffer {
	const id = `gateway-1.k3f9x2ab.${++events}`;
	return Buffer.from(`id: ${id}\nevent: a\ndata: ${JSON.stringify(payload)}\n\n`);
}
