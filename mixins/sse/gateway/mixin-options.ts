import { EVENTS_OPTION, TICKET_OPTION } from "../core/options/access-options.ts";
import { GATEWAY_SETTINGS } from "../core/options/gateway-options.ts";
import type { OptionSpecs } from "../core/options/option-spec.ts";
import { func, optional } from "../core/options/specs.ts";
import type { GatewayOptions, SessionResolver, SseAuthorizer } from "./types.ts";

const { path, cookie, ...settings } = GATEWAY_SETTINGS;

/** Every option of `SseMixin`. */
export const SSE_MIXIN_OPTIONS: OptionSpecs<GatewayOptions> = {
	path,
	session: {
		...optional(
			func<SessionResolver>({
				about:
					"`(ctx, req) => id | id[] | { ids, expiresAt } | null`: the ids (strings or whole numbers) that a request " +
					"answers to, and until when; `null` refuses with 401",
				takes:
					"a function (ctx, req) => id | id[] | { ids, expiresAt } | null, with ids that are strings or whole " +
					"numbers, given to SseMixin() itself"
			}),
			"[the cookie](../guide/sessions.md#the-cookie)"
		),
		private: true
	},
	authorize: {
		...optional(
			func<SseAuthorizer>({
				about:
					"`(ctx, { sessionIds, eventNames, req }) => boolean`: anything but `true` refuses with 403",
				takes:
					"a function (ctx, { sessionIds, eventNames, req }) => boolean, given to SseMixin() itself"
			}),
			"allow"
		),
		private: true
	},
	cookie,
	events: EVENTS_OPTION,
	ticket: TICKET_OPTION,
	...settings
};
