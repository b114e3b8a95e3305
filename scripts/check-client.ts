import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** Bytes of the client that go over the wire, at most: 5 KB. */
const MOST = 5 * 1024;

// the gateway, and whatever bundles it, leaves the name of the source map out
const code = readFileSync("dist/client.js", "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");
const bytes = gzipSync(code, { level: 9 }).length;
console.log(`dist/client.js: ${code.length} bytes, ${bytes} gzipped, of ${MOST}`);
if (bytes > MOST) throw new Error(`dist/client.js has more than ${MOST} bytes gzipped`);
if (/^import\b|\bfrom"/m.test(code)) throw new Error("dist/client.js imports something");
