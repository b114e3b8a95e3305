import { cpSync, readdirSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { anchorOf } from "../../scripts/anchor.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OUT = `${ROOT}.tmp/site`;
const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));

/** The repository, as `package.json` has it; undefined as long as it has none. */
const repository = manifest.repository?.url.replace(/^git\+|\.git$/g, "");

/** The sections of llms.txt, which lists all pages. */
const sidebar = readFileSync(`${ROOT}llms.txt`, "utf8")
	.split(/^## /m)
	.slice(1)
	.map(section => ({
		text: section.slice(0, section.indexOf("\n")),
		items: [...section.matchAll(/^- \[([^\]]+)\]\(([^)]+)\.md\)/gm)].map(([, text, path]) => ({
			text,
			link: path === "README" ? "/" : `/${path}`
		}))
	}));

/** What pages link to that is no page: configurations, manifests. */
const files = readdirSync(`${ROOT}docs`, { recursive: true, withFileTypes: true })
	.filter(entry => entry.isFile() && !/\.(md|svg|webp|json)$/.test(entry.name))
	.map(({ parentPath, name }) => `${relative(ROOT, parentPath)}/${name}`);

export default defineConfig({
	title: manifest.name,
	description: manifest.description,
	lang: "en",
	// The pages are those of the repository, where they can be read without the site.
	srcDir: "..",
	srcExclude: ["**/node_modules/**", "services/**", "test/**", "site/**", ".github/**", ".tmp/**"],
	rewrites: { "README.md": "index.md" },
	outDir: OUT,
	cacheDir: `${ROOT}.tmp/site-cache`,
	base: process.env.SITE_BASE ?? "/",
	cleanUrls: true,
	ignoreDeadLinks: [url => files.some(path => path.endsWith(url.replace(/^\.\//, "/")))],
	buildEnd() {
		for (const path of [...files, "llms.txt"]) cpSync(`${ROOT}${path}`, `${OUT}/${path}`);
	},
	markdown: {
		anchor: { slugify: anchorOf },
		// What highlights code does not know these: their comments look like nginx's.
		languageAlias: { caddyfile: "nginx", haproxy: "nginx", lighttpd: "nginx", vcl: "nginx" }
	},
	themeConfig: {
		sidebar,
		outline: [2, 3],
		search: { provider: "local" },
		...(repository && {
			socialLinks: [{ icon: "github", link: repository }],
			editLink: { pattern: `${repository}/edit/main/:path` }
		})
	}
});
