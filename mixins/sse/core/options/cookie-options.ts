import type { GroupSpec } from "./option-spec.ts";
import { group, oneOf, orNull, text } from "./specs.ts";

/** The cookie of the default session (RFC 6265). It is always HttpOnly: no script needs it. */
export interface CookieOptions {
	/**
	 * The cookie's name.
	 * @default "sid"
	 */
	name: string;
	/**
	 * Whether browsers keep it to https; `auto`: where the request came by https, as far as the
	 * gateway, Express (`trust proxy`) or a proxy of `trustProxy` says so.
	 * @default "auto"
	 */
	secure: boolean | "auto";
	/**
	 * Whether other sites' requests carry it; `none` needs `secure: true`.
	 * @default "lax"
	 */
	sameSite: "lax" | "strict" | "none";
	/**
	 * The path below which browsers send it.
	 * @default "/"
	 */
	path: string;
	/**
	 * The domain that gets it, with its subdomains.
	 * null = the host that issues it, without its subdomains.
	 * @default null
	 */
	domain: string | null;
}

/**
 * RFC 6265bis, 4.1.1: a token; a path without the characters that no attribute may contain; and a domain, with or without the
 * leading dot of old.
 */
const NAME = /^[\w!#$%&'*+.^`|~-]{1,128}$/;
const PATH = /^\/[\x20-\x3a\x3d-\x7e]*$/;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const DOMAIN = new RegExp(`^\\.?${LABEL}(?:\\.${LABEL})*$`, "i");

export const COOKIE_OPTION: GroupSpec<CookieOptions> = group<CookieOptions>(
	{
		name: text({
			about: "the cookie's name",
			default: "sid",
			takes: 'a name of letters, digits and "-", "_" or "."',
			pattern: NAME
		}),
		secure: oneOf([true, false, "auto"], {
			about:
				"whether browsers keep it to https; `auto`: where the request came by https, as far as the gateway, Express " +
				"(`trust proxy`) or a proxy of `trustProxy` says so",
			default: "auto"
		}),
		sameSite: oneOf(["lax", "strict", "none"], {
			about: "whether other sites' requests carry it; `none` needs `secure: true`",
			default: "lax"
		}),
		path: text({
			about: "the path below which browsers send it",
			default: "/",
			takes: 'a path that starts with "/"',
			pattern: PATH
		}),
		domain: {
			...orNull(
				text({
					about: "the domain that gets it, with its subdomains",
					takes: "a domain",
					pattern: DOMAIN
				}),
				"none"
			),
			nothing: "the host that issues it, without its subdomains",
			default: null
		}
	},
	{
		about: "[the cookie](../guide/sessions.md#the-cookie) of the default session",
		says: ({ name, secure, path, domain }) =>
			`${name}; ${secure}; "lax", "strict", or "none" with secure: true; ${path}; and ${domain}. A name ` +
			'that starts with "__Secure-" or "__Host-" needs secure: true, and one with "__Host-" the path "/" and no domain',
		// Browsers silently drop any other cookie of that kind, and every request would be a new session.
		check: ({ name, secure, sameSite, path, domain }) => {
			const isHost = /^__host-/i.test(name);
			if (secure !== true && (isHost || sameSite === "none" || /^__secure-/i.test(name)))
				return false;
			return !isHost || (path === "/" && domain === null);
		}
	}
);
