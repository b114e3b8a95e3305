import { CLIENT_FAULTS } from "./faults/clients.ts";
import { testFaults } from "./suite.ts";

testFaults(CLIENT_FAULTS);
