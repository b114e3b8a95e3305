/** That of the package, which a test compares with package.json: a gateway says which it runs. */
export const VERSION = "0.1.0";
