import { isIP } from "node:net";
import proxyAddr from "proxy-addr";
import { reasonOf } from "../../core/errors/guard.ts";
import { ownText } from "../../core/util/own-text.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { SseGatewayRequest } from "../types.ts";

/** Which proxies are believed about whom they speak for. */
export type TrustProxy = boolean | number | string | readonly string[];

/** The address that a request comes from, as far as the proxies in between are believed. */
export type AddressReader = (request: SseGatewayRequest) => string | undefined;

/** @throws SseError `SSE_INVALID_OPTION` for an address or range that is none. */
export function addressReader(trust: TrustProxy): AddressReader {
	const isTrusted = trustIn(trust);
	return request => {
		// The library reads Node's requests; that of HTTP/2 has what it looks at.
		const address = proxyAddr(request as never, isTrusted);
		return address === undefined ? undefined : ownText(networkOf(address));
	};
}

/** Whether a proxy is believed, by its address and by how many proxies stand between it and the gateway. */
export type Trust = (address: string, hop: number) => boolean;

/**
 * @param trust False believes nobody: the address is that of the connection. A number believes so many
 * hops, a list these addresses and ranges, true everybody.
 * @throws SseError `SSE_INVALID_OPTION` for an address or range that is none.
 */
export function trustIn(trust: TrustProxy): Trust {
	if (typeof trust === "boolean") return () => trust;
	if (typeof trust === "number") return (_, hop) => hop < trust;
	try {
		return proxyAddr.compile(typeof trust === "string" ? trust : [...trust]);
	} catch (error) {
		const reason = reasonOf(error);
		throw new SseError("SSE_INVALID_OPTION", `SseMixin(): option "trustProxy": ${reason}.`, {
			option: "trustProxy"
		});
	}
}

/**
 * What counts as one client: an address of IPv4, and of IPv6 the network of 64 bits, within which a
 * client may have any address. What is no address, which a proxy may hand on, is one client for all.
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
