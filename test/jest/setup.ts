import { afterEach, beforeEach } from "@jest/globals";
import { beginTest, finishTest } from "../support/on-test-finished.ts";

beforeEach(beginTest);
// The environment lets it run after all that a file has.
afterEach(finishTest);
