import { GATEWAY_FAULTS } from "./faults/gateways.ts";
import { testFaults } from "./suite.ts";

testFaults(GATEWAY_FAULTS);
