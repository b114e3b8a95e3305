import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import Negotiator from "negotiator";
import { SseError } from "../../moleculer/sse-error.ts";

/** Where the client's file is: beside the package's own code, or, in a clone, where a build has put it. */
const FILES = ["./client.js", "../../../../dist/client.js"];

/** In the order in which they are preferred, if a client has no preference. */
const ENCODINGS = ["br", "gzip", "identity"] as const;
type Encoding = (typeof ENCODINGS)[number];

const ENCODERS: Readonly<Record<Encoding, (code: Buffer) => Promise<Buffer>>> = {
	br: promisify(brotliCompress),
	gzip: code => promisify(gzip)(code, { level: constants.Z_BEST_COMPRESSION }),
	identity: code => Promise.resolve(code)
};

/** What a client gets of the file. */
export interface Representation {
	readonly encoding: Encoding;
	/** Strong, so that it differs from those of other encodings (RFC 9110, 8.8.3.3). */
	readonly etag: string;
	/** Encodes the file, if nobody has asked for this encoding before. */
	body(): Promise<Buffer>;
}

/** The client's file, encoded once for each encoding that somebody asks for. */
export class ClientFile {
	readonly #code: Buffer;
	readonly #hash: string;
	readonly #encoded = new Map<Encoding, Promise<Buffer>>();

	/** @throws SseError if there is no file. */
	constructor() {
		this.#code = readClient();
		this.#hash = createHash("sha256").update(this.#code).digest("base64url").slice(0, 22);
	}

	/** What a request asks for. */
	for(request: IncomingMessage): Representation {
		const encoding = preferredBy(request);
		const suffix = encoding === "identity" ? "" : `-${encoding}`;
		return { encoding, etag: `"${this.#hash}${suffix}"`, body: () => this.#encode(encoding) };
	}

	#encode(encoding: Encoding): Promise<Buffer> {
		const encoded = this.#encoded.get(encoding) ?? ENCODERS[encoding](this.#code);
		this.#encoded.set(encoding, encoded);
		return encoded;
	}
}

/** The types of negotiator do not know the second parameter yet. */
interface EncodingNegotiator {
	encoding(
		available: readonly string[],
		options: { preferred: readonly string[] }
	): string | undefined;
}

function preferredBy(request: IncomingMessage): Encoding {
	const negotiator = new Negotiator(request) as unknown as EncodingNegotiator;
	const encoding = negotiator.encoding(ENCODINGS, { preferred: ENCODINGS });
	return (encoding as Encoding | undefined) ?? "identity";
}

/** The code, without the line that refers to its source map, which is not served. */
function readClient(): Buffer {
	const file = FILES.map(name => new URL(name, import.meta.url)).find(url => existsSync(url));
	if (file === undefined) {
		throw new SseError(
			"SSE_INVALID_OPTION",
			'SseMixin(): option "client" has nothing to serve: there is no dist/client.js; in a clone, npm run build:client ' +
				"makes it.",
			{ option: "client" }
		);
	}
	const code = readFileSync(file, "utf8").replace(/\n\/\/# sourceMappingURL=\S*\s*$/, "\n");
	return Buffer.from(code);
}
