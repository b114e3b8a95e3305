/** The version of the package, which gateways report; a test compares it with package.json. */
export const VERSION = "0.1.0";
