import type { Service } from "moleculer";

/** What the plugin uses of the service that it is mixed into. */
export type HostService = Pick<Service, "broker" | "logger">;
