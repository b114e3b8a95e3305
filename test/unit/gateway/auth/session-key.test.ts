import { createHash } from "node:crypto";
import { expect, it } from "@jest/globals";
import { sessionKey } from "../../../../mixins/sse/gateway/auth/session-key.ts";

it("is the same for the same ids, and different for any others", () => {
	const lists = [["a"], ["b"], ["a", "b"], ["b", "a"], ["a,b"], ['a","b'], [" a"]];
	const keys = lists.map(sessionKey);
	for (const key of keys) expect(key).toMatch(/^[\w-]{22}$/);

	expect(new Set(keys).size).toBe(lists.length);
	expect(sessionKey(["a", "b"])).toBe(keys[2]);
});

it("is as the protocol says, so that other programs can compute it", () => {
	const text = 'moleculer-sse session\n["user:7","tenant:a"]';
	const hash = createHash("sha256").update(text).digest("base64url");

	expect(sessionKey(["user:7", "tenant:a"])).toBe(hash.slice(0, 22));
});
