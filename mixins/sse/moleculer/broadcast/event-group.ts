import type { HostService } from "../host-service.ts";

/**
 * The group in which a service listens to an event, by Moleculer's rule: the one that the event's definition names, or else the
 * service's name. Undefined if it has none.
 */
export function groupOf({ name, schema }: HostService, eventName: string): string | undefined {
	const { group } = (schema?.events?.[eventName] ?? {}) as { group?: string };
	return group || name;
}

/**
 * Whether an event is for a listener.
 *
 * @param groups Those of the broadcast; undefined = all.
 * @param group The listener's; undefined = it hears everything.
 */
export function isForGroup(
	groups: readonly string[] | undefined,
	group: string | undefined
): boolean {
	if (groups === undefined || groups.length === 0 || group === undefined) return true;
	return groups.includes(group);
}
