import { bringPrograms } from "./processes/programs.ts";
import { provide } from "./provided.ts";

/** Once per run: the programs, for tests that start their own RabbitMQ. */
export default async function setup(): Promise<void> {
	provide("programs", await bringPrograms());
}
