export const TICKET_SECRET = "a secret of this test, of at least 32 bytes";

/** Where a page that has a token gets its tickets. */
export const TICKET_ROUTE = {
	path: "/api",
	authentication: true,
	aliases: { "POST /stream-ticket": "api.sseTicket" }
};

/**
 * A gateway that knows alice by her token.
 *
 * @param lets Decides on each request: `true` if it has her token, `false` if it has another one, undefined without any.
 */
export function authenticating(lets: (isAlice: boolean | undefined) => boolean): object {
	return {
		methods: {
			authenticate(
				_ctx: unknown,
				_route: unknown,
				{ headers: { authorization } }: { headers: { authorization?: string } }
			) {
				return lets(authorization === undefined ? undefined : authorization === "Bearer alice")
					? "alice"
					: null;
			}
		}
	};
}
