import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** Bytes of the client that go over the wire, at most. */
const MOST = 5000;

const code = readFileSync("dist/client.js");
const bytes = gzipSync(code, { level: 9 }).length;
console.log(`dist/client.js: ${code.length} bytes, ${bytes} gzipped, of ${MOST}`);
if (bytes > MOST) throw new Error(`dist/client.js has more than ${MOST} bytes gzipped`);
if (/^import\b|\bfrom"/m.test(code.toString())) throw new Error("dist/client.js imports something");
