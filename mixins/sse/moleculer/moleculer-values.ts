import type { Errors, Validators } from "moleculer";
import moleculer from "moleculer";

// The first releases of Moleculer 0.14 are CommonJS only, and Node finds only one of their exports by name from ES modules. The
// default export has all of them, in every release.

export const MoleculerError: typeof Errors.MoleculerError = moleculer.Errors.MoleculerError;
export const MoleculerRetryableError: typeof Errors.MoleculerRetryableError =
	moleculer.Errors.MoleculerRetryableError;
export const FastestValidator: typeof Validators.Fastest = moleculer.Validators.Fastest;
