import { createHash } from "node:crypto";
import { transformSync } from "amaro";

/** What Jest asks of a transformer. */
interface Transformer {
	process(code: string): { code: string };
	getCacheKey(code: string, path: string): string;
}

/** Erases types if Node.js does so itself, but has no function for it yet: before 22.13. Node.js does it with Amaro. */
const transformer: Transformer = {
	process: code => ({ code: transformSync(code, { mode: "strip-only" }).code }),
	getCacheKey: (code, path) =>
		createHash("sha256").update(`${path}\n${code}`).digest("hex").slice(0, 32)
};

export default transformer;
