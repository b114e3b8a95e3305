import type { ServiceBroker } from "moleculer";
import type { SseGatewayRequest } from "../../gateway/types.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { SseSilentNode } from "../gateway-answers.ts";
import { askFind, askStreams } from "../questions.ts";
import { MEANINGS } from "../repl-why.ts";
import type { SseStreams } from "../streams.ts";
import { type GatewayFindings, readFind } from "../why/find.ts";
import { VERDICTS } from "../why/verdict.ts";

/** What a search found. */
export interface SearchAnswer {
	readonly gateways: readonly GatewayFindings[];
	/** The open streams of the session, if one was asked for. */
	readonly streams: SseStreams | null;
	/** Nodes with a gateway that did not answer. */
	readonly silent: readonly SseSilentNode[];
	/** What the verdicts mean. */
	readonly meanings: Readonly<Record<string, string>>;
}

/** Open streams of a session that are listed. */
const STREAMS = 50;
/** The headers of a search. A session id is a secret, and URLs end up in logs. */
const HEADERS = { event: "x-sse-event", session: "x-sse-session" } as const;

/** @throws SseError `SSE_INVALID_REQUEST` */
export async function search(
	broker: ServiceBroker,
	request: SseGatewayRequest
): Promise<SearchAnswer> {
	const params = readFind({
		event: readHeader(request, "event"),
		session: readHeader(request, "session")
	});
	const { session } = params;
	const [{ answers, silent }, streams] = await Promise.all([
		askFind(broker, params),
		session === undefined ? null : askStreams(broker, { session, limit: STREAMS })
	]);
	const found = new Set(answers.flatMap(({ counts }) => Object.keys(counts)));
	const meanings = VERDICTS.filter(name => found.has(name)).map(name => [name, MEANINGS[name]]);
	return { gateways: answers, streams, silent, meanings: Object.fromEntries(meanings) };
}

/** Percent-encoded, because headers hold no other characters. */
function readHeader(
	{ headers }: SseGatewayRequest,
	name: keyof typeof HEADERS
): string | undefined {
	const given = headers[HEADERS[name]];
	if (given === undefined || given === "") return undefined;
	try {
		return decodeURIComponent(String(given));
	} catch {
		throw SseError.invalidRequest(name, `The header "${HEADERS[name]}" is not percent-encoded.`);
	}
}
