import { SENDER_FAULTS } from "./faults/senders.ts";
import { testFaults } from "./suite.ts";

testFaults(SENDER_FAULTS);
