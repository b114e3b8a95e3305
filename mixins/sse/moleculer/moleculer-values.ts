import type { Errors, Validators } from "moleculer";
import moleculer from "moleculer";

// Moleculer's first releases of 0.14 are CommonJS alone, and of what they export Node finds but one name for ES modules.
// All of it is there by default, in every release.

export const MoleculerError: typeof Errors.MoleculerError = moleculer.Errors.MoleculerError;
export const MoleculerRetryableError: typeof Errors.MoleculerRetryableError =
	moleculer.Errors.MoleculerRetryableError;
export const FastestValidator: typeof Validators.Fastest = moleculer.Validators.Fastest;
