import type { Programs } from "./programs.ts";

/** What the setups of the tests hand to them: `inject("amqpUrl")`. */
declare module "vitest" {
	interface ProvidedContext {
		/** The RabbitMQ that all end-to-end tests share; keep apart by Moleculer `namespace`. */
		readonly amqpUrl: string;
		/** Where the programs are, for tests that start their own. */
		readonly programs: Programs;
		/** The packed package, beside the `repository` that it was built in. */
		readonly tarball: string;
	}
}
