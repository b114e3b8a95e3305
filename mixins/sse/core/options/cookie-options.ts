import type { OptionSpec } from "./option-spec.ts";

/** The cookie of the default session (RFC 6265). It is always HttpOnly: no script needs it. */
export interface CookieOptions {
	/** Default `sid`. */
	name: string;
	/**
	 * Whether browsers keep it to https. Default `auto`: where the request came by https, as far as the gateway, Express
	 * (`trust proxy`) or a proxy of `trustProxy` says so.
	 */
	secure: boolean | "auto";
	/** Whether other sites' requests carry it; default `lax`. `none` needs `secure: true`. */
	sameSite: "lax" | "strict" | "none";
	/** Default `/`. */
	path: string;
	/** Default null: the host that issues it, without its subdomains. */
	domain: string | null;
}

/** RFC 6265bis, 4.1.1: a token; what no attribute may hold; and a domain, with or without the dot of old. */
const NAME = /^[\w!#$%&'*+.^`|~-]{1,128}$/;
const PATH = /^\/[\x20-\x3a\x3d-\x7e]*$/;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const DOMAIN = new RegExp(`^\\.?${LABEL}(?:\\.${LABEL})*$`, "i");

export const COOKIE_OPTION: OptionSpec = {
	default: { name: "sid", secure: "auto", sameSite: "lax", path: "/", domain: null },
	takes:
		'{ name, secure, sameSite, path, domain }: a name of letters, digits and "-", "_" or "."; true, false or "auto"; ' +
		'"lax", "strict", or "none" with secure: true; a path that starts with "/"; and a domain, or null for none. A name ' +
		'that starts with "__Secure-" or "__Host-" needs secure: true, and one with "__Host-" the path "/" and no domain',
	rule: {
		type: "object",
		strict: true,
		props: {
			name: { type: "string", pattern: NAME },
			secure: { type: "enum", values: [true, false, "auto"] },
			sameSite: { type: "enum", values: ["lax", "strict", "none"] },
			path: { type: "string", pattern: PATH },
			domain: { type: "string", nullable: true, pattern: DOMAIN }
		}
	},
	// Browsers drop any other such cookie without a word, and every request would be a new session.
	check: ({ name, secure, sameSite, path, domain }: CookieOptions) => {
		const isHost = /^__host-/i.test(name);
		if (secure !== true && (isHost || sameSite === "none" || /^__secure-/i.test(name)))
			return false;
		return !isHost || (path === "/" && domain === null);
	}
};
