import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const OF_MOLECULER = /^moleculer(-web)?(\/|$)/;

/**
 * Makes every module of this process import Moleculer and moleculer-web from a folder of its own, whichever release the project
 * itself has. What these require of it (clients of brokers, serializers) they find there too.
 */
export function useMoleculerOf(folder: string): void {
	const parentURL = pathToFileURL(join(folder, "package.json")).href;
	registerHooks({
		resolve: (specifier, context, next) =>
			next(specifier, OF_MOLECULER.test(specifier) ? { ...context, parentURL } : context)
	});
}
