import { expect, it } from "@jest/globals";
import { addressReader } from "../../../../mixins/sse/gateway/limits/address.ts";
import type { SseGatewayRequest } from "../../../../mixins/sse/gateway/types.ts";

const CLIENT = "203.0.113.9";

/** The address of a client that has come through so many proxies that are believed. */
function addressThrough(proxies: number): string | undefined {
	const forwarded = [CLIENT, ...Array<string>(proxies - 1).fill("127.0.0.1")];
	const request = {
		headers: { "x-forwarded-for": forwarded.join(", ") },
		socket: { remoteAddress: "127.0.0.1" }
	};
	return addressReader("loopback")(request as unknown as SseGatewayRequest);
}

// A client that is itself in a range that is believed wrote 5,000 addresses, each of which was compared with the ranges.
it("the address of a client is looked for behind 32 proxies that are believed by their addresses, and no more", () => {
	expect([1, 2, 32].map(addressThrough)).toEqual([CLIENT, CLIENT, CLIENT]);
	expect([33, 1000].map(addressThrough)).toEqual(["127.0.0.1", "127.0.0.1"]);
});
