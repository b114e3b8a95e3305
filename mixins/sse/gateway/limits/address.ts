import { isIP } from "node:net";
import proxyAddr from "proxy-addr";
import { reasonOf } from "../../core/errors/guard.ts";
import { ownText } from "../../core/util/own-text.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { SseGatewayRequest } from "../types.ts";

/** Which proxies are believed about the clients they forward. */
export type TrustProxy = boolean | number | string | readonly string[];

/**
 * Most proxies between a client and the gateway that are believed by their addresses: a client behind one of them may write as many
 * into `X-Forwarded-For` as a header holds, and each costs a comparison with all of the ranges.
 */
const MAX_HOPS = 32;

/** Reads the address that a request comes from, as far as the proxies in between are believed. */
export type AddressReader = (request: SseGatewayRequest) => string | undefined;

/** @throws SseError `SSE_INVALID_OPTION` for an invalid address or range. */
export function addressReader(trust: TrustProxy): AddressReader {
	const isTrusted = trustIn(trust);
	return request => {
		// The library reads Node's requests; an HTTP/2 request has the fields that it uses.
		const address = proxyAddr(request as never, isTrusted);
		return address === undefined ? undefined : ownText(networkOf(address));
	};
}

/** Whether a proxy is believed, by its address and by the number of proxies between it and the gateway. */
export type Trust = (address: string, hop: number) => boolean;

/**
 * @param trust False believes no proxy: the address is the connection's. A number believes that many hops, a list these
 * addresses and ranges, and true all.
 * @throws SseError `SSE_INVALID_OPTION` for an invalid address or range.
 */
export function trustIn(trust: TrustProxy): Trust {
	if (typeof trust === "boolean") return () => trust;
	if (typeof trust === "number") return (_, hop) => hop < trust;
	try {
		const isOf = proxyAddr.compile(typeof trust === "string" ? trust : [...trust]);
		return (address, hop) => hop < MAX_HOPS && isOf(address, hop);
	} catch (error) {
		const reason = reasonOf(error);
		throw new SseError("SSE_INVALID_OPTION", `SseMixin(): option "trustProxy": ${reason}.`, {
			option: "trustProxy"
		});
	}
}

/**
 * What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, within which a client may have any address.
 * Everything that is not an address, which a proxy may pass on, counts as one client.
 */
export function networkOf(address: string): string {
	const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
	const version = isIP(plain);
	if (version === 4) return plain;
	if (version === 0) return "unknown";
	const [head = "", tail] = plain.toLowerCase().split("::");
	const groups = head === "" ? [] : head.split(":");
	if (tail !== undefined) {
		const rest = tail === "" ? [] : tail.split(":");
		// An IPv4 address at the end stands for two groups.
		const length = rest.length + (tail.includes(".") ? 1 : 0);
		groups.push(...Array<string>(Math.max(0, 8 - groups.length - length)).fill("0"), ...rest);
	}
	const network = groups.slice(0, 4).map(group => group.replace(/^0+(?=.)/, ""));
	return `${network.join(":")}::/64`;
}
