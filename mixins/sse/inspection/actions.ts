import type { ActionSchema, Context, Service } from "moleculer";
import { EVERYONE } from "../core/addressing/session-id.ts";
import { closeStreams, type SseClosed } from "./close.ts";
import { REPORT } from "./gateway-answers.ts";
import { liveness, readiness, type SseLiveness, type SseReadiness } from "./health.ts";
import type { SseNodes } from "./nodes.ts";
import { LONGEST_NAME, Params, required } from "./params.ts";
import { askNodes, askStreams, askWhy, report } from "./questions.ts";
import { readFilter, type SseStreams } from "./streams.ts";
import { readWhy, type SseWhy } from "./why/why.ts";

/** The part of a context that sets the HTTP response, if there is one. */
type HttpContext = Context<
	unknown,
	{ $statusCode?: number; $responseHeaders?: Record<string, string> }
>;

/** Most characters of a reason, as for `sse.close`. */
const LONGEST_REASON = 64;

/**
 * The actions of inspection, by their full names. Only the first two can be reached by a URL. `$sse.report` is for other nodes.
 * The rest can be called only on the node itself: a service of the application for operators calls them, and decides who may.
 */
export const ACTIONS: Readonly<Record<string, ActionSchema>> = {
	"$sse.ready": action("published", function (ctx): SseReadiness {
		const answer = readiness(this.broker);
		if (!answer.ready) ctx.meta.$statusCode = 503;
		return fresh(ctx, answer);
	}),

	"$sse.live": action("published", function (ctx): SseLiveness {
		return fresh(ctx, liveness(this.broker));
	}),

	"$sse.nodes": action("protected", function ({ params }): Promise<SseNodes> {
		new Params(params, []);
		return askNodes(this.broker);
	}),

	"$sse.streams": action("protected", async function ({ params }): Promise<SseStreams> {
		return askStreams(this.broker, readFilter(params));
	}),

	"$sse.close": action("protected", async function ({ params }): Promise<SseClosed> {
		const given = new Params(params, ["session", "event", "reason"]);
		const event = given.text("event", LONGEST_NAME);
		const reason = given.text("reason", LONGEST_REASON);
		const isEveryone = (params as { session?: unknown } | null)?.session === EVERYONE;
		const session = isEveryone ? EVERYONE : required(given.session("session"), "session");
		const filter = { session: isEveryone ? undefined : session, event, limit: 0 };
		return closeStreams(this.broker, { session, event, reason }, () =>
			askStreams(this.broker, filter)
		);
	}),

	"$sse.why": action("protected", async function ({ params }): Promise<SseWhy> {
		return askWhy(this.broker, readWhy(params));
	}),

	[REPORT]: action("public", function ({ params }): unknown {
		return report(this.broker, params);
	})
};

/** Keeps whatever caches on the way from serving an old answer as a new one. */
function fresh<Answer>({ meta }: HttpContext, answer: Answer): Answer {
	meta.$responseHeaders = { ...meta.$responseHeaders, "Cache-Control": "no-store" };
	return answer;
}

/** An action that no setting of the broker delays, caches, traces, retries or refuses. */
function action(
	visibility: "published" | "public" | "protected",
	handler: (this: Service, ctx: HttpContext) => unknown
): ActionSchema {
	return {
		visibility,
		cache: false,
		tracing: false,
		bulkhead: { enabled: false },
		circuitBreaker: { enabled: false },
		retryPolicy: { enabled: false },
		handler
	} as unknown as ActionSchema;
}
