import type { HostService } from "../host-service.ts";

/**
 * The group in which a service listens to an event, by Moleculer's rule: the one that the event's definition names, or else the
 * service's name. Undefined if it has none.
 */
export function groupOf({ name, schema }: HostService, eventName: string): string | undefined {
	const { group } = (schema?.events?.[eventName] ?? {}) as { group?: string };
	return group || name;
}
