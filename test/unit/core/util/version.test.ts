import { expect, it } from "@jest/globals";
import { VERSION } from "../../../../mixins/sse/core/util/version.ts";
import manifest from "../../../../package.json" with { type: "json" };

it("the version that a gateway says is that of the package", () => {
	expect(VERSION).toBe(manifest.version);
});
