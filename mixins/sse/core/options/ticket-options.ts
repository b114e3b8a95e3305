import type { GroupSpec, OptionSpec, OptionSpecs } from "./option-spec.ts";
import { group, optional, orNull, text, whole } from "./specs.ts";

/** Tickets for clients that cannot send a header. Null or left out = off. */
export interface TicketOptions {
	/**
	 * Signs the tickets: at least 32 bytes, random ones.
	 * @default `MOLECULER_SSE_TICKET_SECRET` of the environment
	 */
	secret?: string;
	/** In place of `secret`: the first signs, all are believed, so that secrets can be changed. */
	secrets?: readonly string[];
	/**
	 * Milliseconds for which a ticket opens a stream.
	 * @default 30000
	 */
	expiresIn?: number;
}

/** Milliseconds. */
export const TICKET_EXPIRES_IN = 30_000;

const SECRET: OptionSpec<string> = text({
	about: "signs the tickets: at least 32 bytes, random ones",
	takes: "at least 32 bytes",
	min: 32
});

const TICKET_FIELDS: OptionSpecs<TicketOptions> = {
	secret: optional(SECRET, "`MOLECULER_SSE_TICKET_SECRET` of the environment"),
	secrets: optional({
		about:
			"in place of `secret`: the first signs, all are believed, so that secrets can be changed",
		takes: "1 to 10 secrets",
		range: "1 to 10 secrets",
		rule: { type: "array", min: 1, max: 10, items: SECRET.rule }
	}),
	expiresIn: optional(
		whole({
			about: "milliseconds for which a ticket opens a stream",
			unit: "milliseconds",
			default: TICKET_EXPIRES_IN,
			min: 1000,
			max: 3_600_000
		})
	)
};

export const TICKET_OPTION: GroupSpec<TicketOptions | null | undefined> = {
	...optional(
		orNull(
			group<TicketOptions>(TICKET_FIELDS, {
				about:
					"`{ secret | secrets, expiresIn }`: adds the action `sseTicket`, which gives " +
					"[tickets](../guide/authentication.md#a-ticket-for-apis-that-take-headers) to pages that cannot send their credentials",
				names: "secret | secrets, expiresIn",
				says: ({ secret, expiresIn }) =>
					`texts of ${secret} (or MOLECULER_SSE_TICKET_SECRET in the environment), and milliseconds ` +
					`${expiresIn}, given to SseMixin() itself`,
				check: ({ secret, secrets }) => secret === undefined || secrets === undefined
			}),
			"none"
		),
		"none"
	),
	private: true,
	secret: true
};
