import type { Context, Service, ServiceSchema } from "moleculer";
import { installedBus } from "./sse/bus/broker-bus.ts";
import type { MakeReceiver } from "./sse/bus/bus.ts";
import { subscription } from "./sse/bus/moleculer/moleculer-bus.ts";
import { HELLO, POSITION } from "./sse/bus/moleculer/position-report.ts";
import { MoleculerReceiver } from "./sse/bus/moleculer/receiver/moleculer-receiver.ts";
import { checkReach } from "./sse/bus/reach-check.ts";
import { SEND } from "./sse/core/event/event.ts";
import { CLOSE } from "./sse/core/revocation/revocation.ts";
import { Gateway } from "./sse/gateway/gateway.ts";
import { SSE_MIXIN_OPTIONS } from "./sse/gateway/mixin-options.ts";
import { boundWaits } from "./sse/gateway/route/bounded-waits.ts";
import { appendClientRoute } from "./sse/gateway/route/client-route.ts";
import { warnOfCors } from "./sse/gateway/route/cors-check.ts";
import { handleErrors } from "./sse/gateway/route/error-handling.ts";
import { countHeadsApart, resolveHead } from "./sse/gateway/route/head-alias.ts";
import {
	appendRoute,
	checkAliases,
	checkNewRoutes,
	type MergedSchema,
	noteArrivals,
	watchHandling
} from "./sse/gateway/route/route.ts";
import { watchChecks } from "./sse/gateway/route/route-checks.ts";
import { makeAliases, serveAliases } from "./sse/gateway/route/serve-aliases.ts";
import { TransientErrors } from "./sse/gateway/route/transient-errors.ts";
import { TICKET_USED } from "./sse/gateway/tickets/shared-tickets.ts";
import { addTicketAction } from "./sse/gateway/tickets/ticket-action.ts";
import type {
	GatewayOptions,
	SseGateway,
	SseGatewayRequest,
	SseGatewayResponse,
	SseMixinOptions
} from "./sse/gateway/types.ts";
import { Inspector } from "./sse/inspection/inspector/inspector.ts";
import { type PageFile, readPageFiles } from "./sse/inspection/inspector/page-files.ts";
import { appendInspectorRoute } from "./sse/inspection/inspector/route.ts";
import { addGateway, removeGateway } from "./sse/inspection/node-gateways.ts";
import { installInspection } from "./sse/inspection/service.ts";
import { checkNode } from "./sse/moleculer/check-node.ts";
import { checkOptions } from "./sse/moleculer/check-options.ts";
import { SseError } from "./sse/moleculer/sse-error.ts";
import { startWithoutTransporter } from "./sse/moleculer/transporter/start-without-transporter.ts";
import { watchTransporter } from "./sse/moleculer/transporter/transporter-health.ts";

/** A hook that Moleculer has had since 0.14.11, and that its types lack. */
interface Merged {
	merged(schema: MergedSchema): void;
}

/** What the mixin adds to its service. */
type Methods = Pick<SseGateway, "sseSession" | "sseReady">;

/** Schemas of services that have the mixin. */
const mixed = new WeakSet<MergedSchema>();

/**
 * Turns a moleculer-web gateway into a streaming node: `mixins: [SseMixin(), ApiGateway]`, in either order. Plain options may
 * also be in `settings.sse`, which overrides them.
 *
 * @param options See {@link SseMixinOptions}; checked when the service is created.
 */
export function SseMixin(options: SseMixinOptions = {}): Partial<ServiceSchema> {
	checkNode();
	// One mixin may serve several services; what each of them holds is never in its settings.
	const optionsOf = new WeakMap<object, GatewayOptions>();
	const gateways = new WeakMap<object, Gateway>();
	const inspectors = new WeakMap<object, Inspector>();
	const pageFiles = new WeakMap<object, ReadonlyMap<string, PageFile>>();
	const inspectorOf = (service: unknown): Inspector =>
		inspectors.get(service as object) as Inspector;
	const gatewayOf = (service: unknown): Gateway => gateways.get(service as object) as Gateway;

	const schema: Partial<ServiceSchema> & Merged & { methods: Methods } = {
		events: {
			[SEND]: subscription(service => gatewayOf(service).fanOut.receive),
			[POSITION]: subscription(service => gatewayOf(service).receiver.hear),
			[HELLO]: subscription(service => gatewayOf(service).receiver.meet),
			[CLOSE]: subscription(service => gatewayOf(service).revoked),
			[TICKET_USED]: subscription(
				service => message => gatewayOf(service).access.tickets?.markUsed(message)
			)
		},

		methods: {
			/** See {@link SseGateway}. */
			async sseSession(
				ctx: Context<unknown, Record<string, unknown>>,
				request: SseGatewayRequest,
				response: SseGatewayResponse
			): Promise<readonly string[] | null> {
				const session = await gatewayOf(this).access.tell(ctx, request, response);
				// A copy: the request's own stream has the original.
				return session && [...session.ids];
			},

			/** See {@link SseGateway}. */
			sseReady(): boolean {
				return gatewayOf(this).isReady;
			}
		},

		// Runs when all mixins have been merged, whatever their order.
		merged(this: object, schema: MergedSchema): void {
			if (mixed.has(schema)) throw misplaced("SseMixin is used twice");
			mixed.add(schema);
			const settings = schema.settings?.sse;
			const gatewayOptions = checkOptions("SseMixin", SSE_MIXIN_OPTIONS, options, settings);
			optionsOf.set(this, gatewayOptions);
			checkAliases(schema, gatewayOptions);
			if (gatewayOptions.ticket) addTicketAction(schema, gatewayOf);
			if (gatewayOptions.client !== null) appendClientRoute(schema, gatewayOptions.client);
			if (gatewayOptions.path !== null) appendRoute(schema, gatewayOptions.path);
			const { inspector } = gatewayOptions;
			if (inspector) {
				pageFiles.set(this, readPageFiles(inspector.path));
				appendInspectorRoute(schema, inspector.path, inspectorOf);
			}
			checkNewRoutes(schema, gatewayOptions);
			makeAliases(schema, gatewayOf, gatewayOptions);
			noteArrivals(schema, gatewayOf);
			serveAliases(schema, gatewayOf);
			resolveHead(schema);
			countHeadsApart(schema);
			watchChecks(schema, gatewayOf);
			const transient = new TransientErrors(gatewayOf);
			handleErrors(schema, gatewayOf, transient);
			boundWaits(schema, gatewayOf, transient);
			watchHandling(schema);
			warnOfCors(schema);
			// `stopped` hooks run from the last to the first: the streams must end before the gateway waits for its server to
			// close, which never happens while they are open.
			schema.stopped = [
				...listOf(schema.stopped),
				async function (this: Service): Promise<void> {
					inspectors.get(this)?.stop();
					await gatewayOf(this).stop();
					await gatewayOf(this).finish();
					removeGateway(this.broker, gatewayOf(this));
				}
			];
			// Before the gateway serves HTTP: a returning client must find what it has missed.
			const others = listOf(schema.started);
			schema.started = [
				function (this: Service): Promise<void> {
					const gateway = gatewayOf(this);
					// It was destroyed while it waited for its dependencies: nobody would stop it.
					if (!this.broker.services.includes(this)) return new Promise(() => {});
					const begin = async (): Promise<void> => {
						// The gateway may have been stopped before.
						addGateway(this.broker, gateway, this.fullName);
						gateway.receiver.listen();
						inspectors.get(this)?.start();
						await gateway.start();
						gateway.access.begin();
					};
					const steps = [begin, ...others.map(hook => () => hook.call(this as never))];
					return gateway.starting.run(steps, () => gateway.undoStart());
				}
			];
		},

		created(this: Service): void {
			if (!optionsOf.has(this))
				throw misplaced("SseMixin() is a mixin of a service, not a middleware");
			checkReach(this.broker);
			startWithoutTransporter(this.broker);
			watchTransporter(this.broker);
			const bus = installedBus(this.broker);
			// Without the middleware a gateway still hears Moleculer's events.
			const makeReceiver: MakeReceiver = (listener, service) =>
				bus === undefined
					? new MoleculerReceiver(listener, service)
					: bus.receiver(listener, service);
			const gateway = new Gateway(optionsOf.get(this) as GatewayOptions, this, makeReceiver);
			gateways.set(this, gateway);
			addGateway(this.broker, gateway, this.fullName);
			installInspection(this.broker);
			const { inspector } = optionsOf.get(this) as GatewayOptions;
			const files = pageFiles.get(this);
			if (inspector && files) inspectors.set(this, new Inspector(inspector, files, this));
			// Not public: for debuggers and tests, to see what a gateway holds.
			Object.defineProperty(this, Symbol.for("moleculer-sse.gateway"), { value: gateway });
			Object.defineProperty(this, Symbol.for("moleculer-sse.inspector"), {
				value: inspectors.get(this)
			});
			// Before the transporter connects, and the first nodes are met.
			gateway.receiver.listen();
		}
	};
	return schema;
}

// Moleculer looks for mixins in each of a service's mixins, and would find nothing to mix in in a function.
Object.defineProperty(SseMixin, "mixins", {
	get(): never {
		throw misplaced("SseMixin was passed without being called");
	}
});

function misplaced(what: string): SseError {
	return new SseError(
		"SSE_INVALID_OPTION",
		`${what}: write mixins: [SseMixin(), ApiGateway] in the gateway's service, once.`
	);
}

function listOf<T>(items: T | T[] | undefined): T[] {
	if (items === undefined) return [];
	return Array.isArray(items) ? items : [items];
}
