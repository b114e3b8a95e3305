import { CLIENT_FAULTS } from "./clients.ts";
import { CONNECTION_FAULTS } from "./connections.ts";
import type { Fault } from "./fault.ts";
import { GATEWAY_FAULTS } from "./gateways.ts";
import { MIXTURES } from "./mixture.ts";
import { RABBITMQ_FAULTS } from "./rabbitmq.ts";
import { SENDER_FAULTS } from "./senders.ts";
import { SILENT_FAULTS } from "./silence.ts";

export const FAULTS: readonly Fault[] = [
	...CLIENT_FAULTS,
	...GATEWAY_FAULTS,
	...SENDER_FAULTS,
	...CONNECTION_FAULTS,
	...RABBITMQ_FAULTS,
	...SILENT_FAULTS,
	...MIXTURES
];
