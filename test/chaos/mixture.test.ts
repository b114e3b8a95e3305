import { MIXTURES } from "./faults/mixture.ts";
import { testFaults } from "./suite.ts";

testFaults(MIXTURES);
