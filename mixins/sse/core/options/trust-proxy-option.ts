import type { OptionSpec } from "./option-spec.ts";

export const TRUST_PROXY_OPTION: OptionSpec<boolean | number | string | readonly string[]> = {
	about:
		"the proxies in front that are trusted about a client's address (`X-Forwarded-For`) and https " +
		'(`X-Forwarded-Proto`): their number, or a list of their addresses and ranges (`"loopback"`, `"10.0.0.0/8"`); ' +
		"`true` trusts any, a client that writes these headers itself included",
	default: false,
	off: false,
	takes:
		"the number of proxies in front, a list of their addresses and ranges, true for any, or false for none",
	range: "the number of proxies, or a list of their addresses and ranges",
	// As an address, "1" would be 0.0.0.1, which is nobody's.
	check: value =>
		![value].flat().some(part => typeof part === "string" && /^(0x[\da-f]+|\d+)$/i.test(part)),
	rule: {
		type: "multi",
		rules: [
			{ type: "boolean" },
			{ type: "number", integer: true, min: 0 },
			{ type: "string", empty: false },
			{ type: "array", min: 1, items: { type: "string", empty: false } }
		]
	}
};
