import { afterEach, beforeEach } from "@jest/globals";
import { beginTest, finishTest } from "../support/on-test-finished.ts";

beforeEach(beginTest);
// The environment runs it after everything else of a file.
afterEach(finishTest);
