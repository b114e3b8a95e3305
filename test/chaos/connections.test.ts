import { CONNECTION_FAULTS } from "./faults/connections.ts";
import { testFaults } from "./suite.ts";

testFaults(CONNECTION_FAULTS);
