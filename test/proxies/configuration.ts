import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Address } from "./stage.ts";

/** The configurations that the documentation shows. */
export const FOLDER: string = fileURLToPath(new URL("../../docs/proxies/", import.meta.url));

/** Replaces the addresses and folders in a configuration. */
export interface Place {
	/** Where the proxy listens, instead of 8080. */
	readonly port: number;
	/** Instead of `gateway-1:3000`, `gateway-2:3000`; `localhost:3000` is the first. */
	readonly gateways: readonly Address[];
	/** Instead of the system's folders. */
	readonly folder: string;
}

/** What is between a gateway's host and its port, in one syntax or another. */
const BETWEEN = `:|", "port" => |"; \\.port = "`;
const GATEWAY = new RegExp(`\\b(?:gateway-(\\d)|localhost)(${BETWEEN})3000\\b`, "g");

/** A configuration of the documentation, unchanged except for where everything is. */
export function configuration(name: string, { port, gateways, folder }: Place): string {
	return readFileSync(FOLDER + name, "utf8")
		.replace(GATEWAY, (_, number, between) => {
			const gateway = gateways[Number(number ?? 1) - 1];
			if (gateway === undefined) throw new Error(`${name} names a gateway too many`);
			return `${gateway.host}${between}${gateway.port}`;
		})
		.replaceAll(/\b8080\b/g, String(port))
		.replaceAll(/\/(?:etc\/(?:haproxy|apache2)|var\/www\/html)\b/g, folder);
}
