/**
 * Properties that only the client's own files use, and that therefore have short names in `dist/client.js`. Never one of the platform's,
 * of the wire's, of `connect`, or of what tabs tell each other: tabs may have different builds.
 */
export const OWN_NAMES: readonly string[] = [
	// streams and their parts
	...["isFresh", "isOpen", "seen", "oldest", "feed", "wait", "hold", "release", "take", "hurry"],
	...["lost", "closed", "failed", "refused", "load", "retry", "run", "tell", "tellOne"],
	// what the parts of a tab share
	...["role", "group", "refusal", "inbox", "connection", "names", "place", "opened", "settle"],
	...["show", "showState", "standsBack", "start", "stop", "refresh"],
	// leaders, followers and groups
	...["pass", "hears", "hear", "greet", "begin", "takeOver", "reopen", "retreats", "ask", "watch"],
	...["claim", "claimed", "lead", "seize", "deposed", "unable", "yield", "leave", "post"],
	...["union", "remove", "forget", "call", "retreat"]
];
