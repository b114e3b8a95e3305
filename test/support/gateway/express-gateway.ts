import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express, type RequestHandler } from "express";
import { onTestFinished } from "../on-test-finished.ts";
import { type GatewaySetup, type NodeSetup, TestGateway, TestNode } from "./gateway.ts";

/** A gateway without a server of its own: a middleware of an Express application. */
export class ExpressGateway extends TestGateway {
	readonly app: Express;
	readonly server: Server;

	constructor(node: TestNode, setup: GatewaySetup, path: string) {
		super(node, { ...setup, settings: { ...setup.settings, server: false } });
		const { express: handler } = this.service as unknown as { express(): RequestHandler };
		this.app = express();
		// Express prints errors unless it is told that it is under test
		this.app.set("env", "test");
		this.app.use(path, handler.call(this.service));
		this.server = createServer(this.app);
		onTestFinished(() => {
			this.server.closeAllConnections();
			this.server.close();
		});
	}

	override get origin(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}
}

/**
 * Starts a node with a gateway in an Express application.
 *
 * @param path where the application mounts the gateway
 * @param extend what the application has after the gateway
 */
export async function startExpressGateway(
	setup: GatewaySetup & NodeSetup = {},
	{ path = "/", extend }: { path?: string; extend?: (app: Express) => void } = {}
): Promise<ExpressGateway> {
	const gateway = new ExpressGateway(new TestNode(setup), setup, path);
	extend?.(gateway.app);
	await gateway.broker.start();
	await new Promise<void>(resolve => gateway.server.listen(0, "127.0.0.1", resolve));
	return gateway;
}
