import { defineConfig, type UserConfig } from "tsdown";

const config: UserConfig = defineConfig({
	entry: { index: "mixins/sse/index.ts" },
	format: ["esm", "cjs"],
	platform: "node",
	target: "node22.12",
	dts: { oxc: true },
	sourcemap: true,
	clean: true,
	fixedExtension: true
});

export default config;
