import type { ServiceSchema } from "moleculer";
import { events } from "../../../services/events.ts";
import { send } from "../clients/request.ts";
import { TestGateway, TestNode } from "../gateway/gateway.ts";

// biome-ignore lint/suspicious/noExplicitAny: each has settings and methods of its own
type AnyService = ServiceSchema<any, any, any>;

/** Starts the example's gateway, on a port of its own, in one process with others of its services. */
export async function startExample(
	api: AnyService,
	services: readonly AnyService[]
): Promise<TestGateway> {
	const node = new TestNode({ middleware: { events }, services: [...services] });
	const settings = { ...api.settings, port: 0, ip: "127.0.0.1", sse: { drain: 0 } };
	const service = node.broker.createService({ ...api, settings });
	await node.broker.start();
	return Object.assign(Object.create(TestGateway.prototype), { node, service }) as TestGateway;
}

/** Calls the example's API, and returns the status with the body, parsed. */
export async function callApi<T>(
	url: string,
	session: string,
	body?: object
): Promise<{ status: number; body: T }> {
	const headers = { "Content-Type": "application/json" };
	const { status, text } = await send(url, {
		session,
		...(body && { method: "POST", headers, body: JSON.stringify(body) })
	});
	return { status, body: JSON.parse(text) };
}
