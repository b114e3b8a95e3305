import { Child } from "../process/child.ts";
import type { ServerQuestions } from "../servers/serve.ts";
import type { Entrant, RunningServer } from "./entrant.ts";

/** A server that runs on Node, and answers more questions than the others. */
export interface NodeServer extends RunningServer {
	readonly child: Child<ServerQuestions>;
}

export interface NodeEntrant extends Entrant {
	open(streams: number): Promise<NodeServer>;
}

interface Definition {
	readonly title: string;
	/** A script in `servers/`. */
	readonly script: string;
	readonly path: string;
	readonly args?: readonly string[];
	readonly gzip?: boolean;
}

function nodeEntrant({ title, script, path, args = [], gzip = false }: Definition): NodeEntrant {
	const url = new URL(`../servers/${script}`, import.meta.url);
	return {
		title,
		gzip,
		async open(streams) {
			const child = await Child.start<ServerQuestions>(url, { sockets: streams, args });
			return {
				child,
				path,
				port: await child.ask("port"),
				tick: (events, shape) => child.tell("tick", events, shape),
				usage: options => child.ask("usage", options),
				stop: () => child.stop()
			};
		}
	};
}

/** The product, with options of `SseMixin`, settings of its gateway, and options of its broker. */
export function product(
	options: object = {},
	title = "moleculer-sse",
	settings: object = {},
	broker: object = {}
): NodeEntrant {
	return nodeEntrant({
		title,
		script: "product.ts",
		path: "/sse/event-stream?eventName=a",
		args: [JSON.stringify(options), JSON.stringify(settings), JSON.stringify(broker)],
		gzip: "compression" in options
	});
}

export const PRODUCT: NodeEntrant = product();

export const BARE_HTTP: NodeEntrant = nodeEntrant({
	title: "bare http, res.write",
	script: "bare-http.ts",
	path: "/"
});

export const BARE_SOCKETS: NodeEntrant = nodeEntrant({
	title: "bare sockets, framed once",
	script: "bare-sockets.ts",
	path: "/"
});

export const EXAMPLE: NodeEntrant = nodeEntrant({
	title: "moleculer-web's example",
	script: "moleculer-web-example.ts",
	path: "/api/chat/message"
});

export const BETTER_SSE: NodeEntrant = nodeEntrant({
	title: "better-sse",
	script: "peers/better-sse.ts",
	path: "/"
});

export const FASTIFY_SSE: NodeEntrant = nodeEntrant({
	title: "@fastify/sse",
	script: "peers/fastify-sse.ts",
	path: "/events"
});
