import type { Service } from "moleculer";

/** What the plugin uses of the service that it is mixed into. */
export interface HostService extends Pick<Service, "broker" | "logger"> {
	/** By default also the name of the group in which Moleculer's events reach it. */
	readonly name?: string;
	/** Says so if events reach it in another group. */
	readonly schema?: Service["schema"];
}
