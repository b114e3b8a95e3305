import {
	type Agent,
	type ClientRequest,
	type IncomingHttpHeaders,
	type OutgoingHttpHeaders,
	request
} from "node:http";
import { request as requestTls } from "node:https";
import { TLS } from "../tls.ts";

export interface RequestOptions {
	method?: string;
	headers?: OutgoingHttpHeaders;
	/** Value of the cookie `sid`. */
	session?: string;
	/** Default: a connection of its own, which the server may not keep. */
	agent?: Agent;
	body?: string;
}

/** A response that has ended. */
export interface Answer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly text: string;
}

/** An error as moleculer-web writes it. */
export interface ErrorBody {
	name: string;
	message: string;
	code: number;
	type: string;
	data?: Record<string, unknown>;
}

/** Longest time that a response may take to end; far beyond what any takes, so that a hang is reported. */
const PATIENCE = 5000;

/** Sends a request and reads its response to the end. Rejects if it does not end. */
export function send(url: string, options: RequestOptions = {}): Promise<Answer> {
	const { promise, resolve, reject } = Promise.withResolvers<Answer>();
	const outgoing = start(url, options);
	const timer = setTimeout(() => {
		outgoing.destroy(new Error(`${options.method ?? "GET"} ${url} did not end`));
	}, PATIENCE);
	outgoing.on("error", reject);
	outgoing.on("response", response => {
		let text = "";
		response.setEncoding("utf8").on("data", (chunk: string) => {
			text += chunk;
		});
		response.on("error", reject);
		response.on("end", () => {
			resolve({ status: response.statusCode as number, headers: response.headers, text });
		});
	});
	outgoing.end(options.body);
	return promise.finally(() => clearTimeout(timer));
}

/** Sends a request and returns the error that it was refused with, as the client sees it. */
export async function refusal(
	url: string,
	options?: RequestOptions
): Promise<{ status: number; headers: IncomingHttpHeaders; error: ErrorBody }> {
	const { status, headers, text } = await send(url, options);
	if (!headers["content-type"]?.startsWith("application/json")) {
		throw new Error(`${status} ${headers["content-type"]}: not an error in JSON: ${text}`);
	}
	return { status, headers, error: JSON.parse(text) };
}

/** A request of either protocol; its `end` is still to be called. */
export function start(
	url: string,
	{ method, headers, session, agent, body }: RequestOptions
): ClientRequest {
	const target = new URL(url);
	const cookie = session === undefined ? {} : { cookie: cookieOf(session) };
	// Node frames the body of a GET or DELETE only if it is told its length
	const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
	const options = {
		...(method === undefined ? {} : { method }),
		headers: { ...cookie, ...length, ...headers },
		agent: agent ?? (false as const)
	};
	return target.protocol === "https:"
		? requestTls(target, { ...options, ca: TLS.cert })
		: request(target, options);
}

/** The cookie of a session, as a browser sends it. */
export function cookieOf(session: string): string {
	return `sid=${encodeURIComponent(session)}`;
}
