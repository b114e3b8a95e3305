import { RABBITMQ_FAULTS } from "./faults/rabbitmq.ts";
import { testFaults } from "./suite.ts";

testFaults(RABBITMQ_FAULTS);
