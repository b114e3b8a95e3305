import type { SseGatewayRequest, SseGatewayResponse } from "../../gateway/types.ts";
import { SseError } from "../../moleculer/sse-error.ts";

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
const POLICY = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'"
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
	"Content-Security-Policy": POLICY,
	"X-Content-Type-Options": "nosniff",
	"X-Frame-Options": "DENY",
	"Referrer-Policy": "no-referrer",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Opener-Policy": "same-origin",
	// Proxies that buffer or compress would hold the stream back.
	"Cache-Control": "no-store, no-transform",
	"X-Accel-Buffering": "no"
};

/** Headers of everything that the inspector answers, refusals included. */
export function setHeaders(response: SseGatewayResponse): void {
	for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
}

/** What is asked for: the page, one of its files, its search, or its stream. */
export type Part = "page" | "file" | "search" | "stream";

/** Sent for the stream by the page alone. */
const OWN_HEADER = "x-sse-inspector";

/**
 * Refuses what another site has its visitors' browsers request; only a link to the page may come from anywhere. Browsers say by
 * `Sec-Fetch-Site` where a request comes from. Over plain HTTP they say nothing, but for `Origin` if the other site's script
 * asks for an answer that it can read. So the stream, which holds a place for a minute, takes a header that a page may send to its own
 * site alone, and to others with `Origin` if they allow it.
 *
 * @throws SseError `SSE_FORBIDDEN`
 */
export function refuseOtherSites({ headers }: SseGatewayRequest, part: Part): void {
	const site = headers["sec-fetch-site"];
	const isLink = part === "page" && headers["sec-fetch-mode"] === "navigate";
	const isData = part === "search" || part === "stream";
	const isOwn = isOwnSite(site) ?? (!isData || isOwnOrigin(headers));
	if (!isOwn && !isLink)
		throw new SseError("SSE_FORBIDDEN", "Another site may not use the inspector.");
	if (part === "stream" && headers[OWN_HEADER] === undefined) {
		throw new SseError(
			"SSE_FORBIDDEN",
			`The inspector's stream is for its page, which sends the header "${OWN_HEADER}".`,
			{ header: OWN_HEADER }
		);
	}
}

/** Undefined if the browser does not say. */
function isOwnSite(site: string | readonly string[] | undefined): boolean | undefined {
	return site === undefined ? undefined : site === "same-origin" || site === "none";
}

function isOwnOrigin({ origin, host, ...headers }: SseGatewayRequest["headers"]): boolean {
	if (origin === undefined) return true;
	const own = host ?? headers[":authority"];
	return URL.canParse(origin) && new URL(origin).host === own;
}
