import type { Programs } from "./programs.ts";

/** What the setup of the end-to-end tests hands to them: `inject("amqpUrl")`. */
declare module "vitest" {
	interface ProvidedContext {
		/** The RabbitMQ that all end-to-end tests share; keep apart by Moleculer `namespace`. */
		readonly amqpUrl: string;
		/** Where the programs are, for tests that start their own. */
		readonly programs: Programs;
	}
}
