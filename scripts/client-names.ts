/**
 * Properties that only the client's own files use, and that therefore have short names in `dist/client.js`. Never one of the platform's,
 * of the wire's, of `connect`, or of what tabs tell each other: tabs may have different builds.
 */
export const OWN_NAMES: readonly string[] = [
	...["isFresh", "isOpen", "seen", "oldest", "feed", "wait"],
	...[
		"hold",
		"release",
		"take",
		"lost",
		"closed",
		"failed",
		"refused",
		"retreats",
		"count",
		"retreat",
		"hurry"
	],
	...["claim", "claimed", "lead", "deposed", "unable", "hear", "yield", "leave", "post"],
	...["union", "forget", "call", "load", "start", "stop", "refresh", "run", "tell", "tellOne"],
	// what the parts of a tab share
	...[
		"role",
		"group",
		"refusal",
		"inbox",
		"connection",
		"names",
		"place",
		"settle",
		"showState",
		"opened"
	],
	...["pass", "hears", "begin", "takeOver", "reopen", "ask", "watch"]
];
