import { readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** Bytes of the client that go over the wire, at most: with what browsers take on https, and with what all of them take. */
const MOST = { br: 5000, gzip: 5120 };

// the gateway, and whatever bundles it, leaves the name of the source map out
const code = readFileSync("dist/client.js", "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");
const bytes = { br: brotliCompressSync(code).length, gzip: gzipSync(code, { level: 9 }).length };
for (const encoding of ["br", "gzip"] as const) {
	console.log(`dist/client.js: ${bytes[encoding]} bytes of ${encoding}, of ${MOST[encoding]}`);
	if (bytes[encoding] > MOST[encoding]) throw new Error(`dist/client.js is too large: ${encoding}`);
}
if (/^import\b|\bfrom"/m.test(code)) throw new Error("dist/client.js imports something");
