import { SILENT_FAULTS } from "./faults/silence.ts";
import { testFaults } from "./suite.ts";

testFaults(SILENT_FAULTS);
