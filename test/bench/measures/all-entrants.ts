import type { Entrant } from "../entrants/entrant.ts";
import { NCHAN } from "../entrants/nchan.ts";
import {
	BARE_HTTP,
	BARE_SOCKETS,
	BETTER_SSE,
	EXAMPLE,
	FASTIFY_SSE,
	PRODUCT
} from "../entrants/node-entrant.ts";

/** Everyone that can send an event to all streams. */
export const ALL_ENTRANTS: readonly Entrant[] = [
	PRODUCT,
	BETTER_SSE,
	FASTIFY_SSE,
	EXAMPLE,
	BARE_HTTP,
	BARE_SOCKETS,
	NCHAN
];
