import { readFileSync } from "node:fs";
import type { connectIn } from "../../../client/connect.ts";

const EXPORT = /export\{(\w+) as connect\};[\s\S]*$/;

/** `dist/client.js`, as browsers get it, in a scope of one's own: what it takes of the platform it takes of `globalThis`. */
export function readBuiltClient(): typeof connectIn {
	const code = readFileSync("dist/client.js", "utf8");
	if (!EXPORT.test(code)) throw new Error("dist/client.js does not end with its export");
	const load = new Function("globalThis", code.replace(EXPORT, "return $1")) as (
		scope: object
	) => (url: string, options: object) => ReturnType<typeof connectIn>;
	return (scope, url, options) => load(scope)(url, options);
}
