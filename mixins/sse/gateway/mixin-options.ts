import { EVENTS_OPTION } from "../core/options/events-option.ts";
import { GATEWAY_SETTINGS, PATH } from "../core/options/gateway-options.ts";
import type { GroupSpec, OptionSpecs } from "../core/options/option-spec.ts";
import { func, group, optional, orNull, text } from "../core/options/specs.ts";
import { TICKET_OPTION } from "../core/options/ticket-options.ts";
import type {
	GatewayOptions,
	InspectorAuthorizer,
	InspectorOptions,
	SessionResolver,
	SseAuthorizer
} from "./types.ts";

const { path, cookie, ...settings } = GATEWAY_SETTINGS;

const INSPECTOR_OPTION: GroupSpec<InspectorOptions | null | undefined> = {
	...optional(
		orNull(
			group<InspectorOptions>(
				{
					path: text({
						about: "its path, for example `/sse/inspector`",
						takes: 'a path that starts with "/" and has no parameters or wildcards',
						pattern: PATH
					}),
					authorize: func<InspectorAuthorizer>({
						about:
							"`(ctx, req, res) => boolean`: who may use it; anything but `true` refuses with 403",
						takes: "a function (ctx, req, res) => boolean"
					})
				},
				{
					about:
						"`{ path, authorize }`: [a page](../production/inspector.md) at `path` that shows operators the gateways at " +
						"work; `authorize` is `(ctx, req, res) => boolean`, and anything but `true` refuses with 403",
					says: ({ path, authorize }) =>
						`${path}, and ${authorize} that says who may look, given to SseMixin() itself; both are required`
				}
			),
			"none"
		),
		"none"
	),
	private: true
};

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
	inspector: INSPECTOR_OPTION,
	...settings
};
