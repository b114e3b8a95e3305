import { readFileSync } from "node:fs";

/** A certificate for `localhost` and 127.0.0.1 that signs itself, and its key; known to everyone. */
export const TLS: Readonly<{ key: string; cert: string }> = {
	key: readFileSync(new URL("tls/key.pem", import.meta.url), "utf8"),
	cert: readFileSync(new URL("tls/certificate.pem", import.meta.url), "utf8")
};
