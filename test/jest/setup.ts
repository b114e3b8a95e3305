import { afterEach } from "@jest/globals";
import { finishTest } from "../support/on-test-finished.ts";

// The environment lets it run after all that a file has.
afterEach(finishTest);
