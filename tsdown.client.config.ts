import { defineConfig, type UserConfig } from "tsdown";
import { OWN_NAMES } from "./scripts/client-names.ts";

/** The browser's half: one file that a page can take as it is. What it tells of types is in the package itself. */
const config: UserConfig = defineConfig({
	entry: { client: "client/index.ts" },
	format: "esm",
	platform: "neutral",
	target: "es2022",
	deps: { neverBundle: ["moleculer-sse"] },
	dts: { oxc: true },
	minify: {
		compress: true,
		mangle: true,
		mangleProps: { include: new RegExp(`^(${OWN_NAMES.join("|")})$`) }
	},
	// nobody shakes a tree of one export
	outputOptions: { comments: false },
	sourcemap: true,
	// the rest of the package is there already
	clean: false,
	fixedExtension: false
});

export default config;
