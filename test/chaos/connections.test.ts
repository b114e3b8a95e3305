import { CONNECTION_FAULTS } from "./faults/connections.ts";
import { SILENT_FAULTS } from "./faults/silence.ts";
import { testFaults } from "./suite.ts";

testFaults([...CONNECTION_FAULTS, ...SILENT_FAULTS]);
