import { CLIENT_FAULTS } from "./clients.ts";
import { CONNECTION_FAULTS } from "./connections.ts";
import type { Fault } from "./fault.ts";
import { GATEWAY_FAULTS } from "./gateways.ts";
import { MIXTURES } from "./mixture.ts";
import { RABBITMQ_FAULTS } from "./rabbitmq.ts";

export const FAULTS: readonly Fault[] = [
	...CLIENT_FAULTS,
	...GATEWAY_FAULTS,
	...CONNECTION_FAULTS,
	...RABBITMQ_FAULTS,
	...MIXTURES
];
