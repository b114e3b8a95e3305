import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Rolldown, type UserConfig } from "tsdown";

/** Dependencies that are ES modules alone. Jest and other loaders of CommonJS cannot `require` them, as Node can. */
const ESM_ONLY: readonly string[] = ["cookie", "jose"];

const config: UserConfig = defineConfig({
	entry: { index: "mixins/sse/index.ts" },
	format: {
		esm: {},
		cjs: {
			deps: {
				alwaysBundle: (id: string) => ESM_ONLY.includes(id),
				onlyBundle: [...ESM_ONLY],
				dts: {}
			},
			plugins: [bundledLicenses()],
			// where `require` is mocked or sandboxed, `import()` finds nothing, or is refused
			outputOptions: { dynamicImportInCjs: false }
		}
	},
	platform: "node",
	target: "node22.12",
	dts: { oxc: true },
	sourcemap: true,
	clean: true,
	fixedExtension: true
});

/** Writes the licenses of what a build holds of other packages beside it, as those licenses ask. */
function bundledLicenses(): Rolldown.Plugin {
	return {
		name: "bundled-licenses",
		generateBundle(_, bundle) {
			const modules = Object.values(bundle).flatMap(file =>
				file.type === "chunk" ? file.moduleIds : []
			);
			const folders = new Set(
				modules.flatMap(id => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [])
			);
			if (folders.size === 0) return;
			const source = [...folders].sort().map(license).join("\n");
			this.emitFile({ type: "asset", fileName: "BUNDLED-LICENSES.txt", source });
		}
	};
}

/** @throws If a package has no license to show. */
function license(folder: string): string {
	const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	const file = readdirSync(folder).find(entry => /^licen[cs]e(\.\w+)?$/i.test(entry));
	if (file === undefined) throw new Error(`${name} has no file with its license`);
	const text = readFileSync(join(folder, file), "utf8").trim();
	return `index.cjs contains parts of ${name} ${version}:\n\n${text}\n`;
}

export default config;
