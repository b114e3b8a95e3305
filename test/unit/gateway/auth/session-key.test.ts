import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { groupsKey, sessionKey } from "../../../../mixins/sse/gateway/auth/session-key.ts";

const hash = (text: string) => createHash("sha256").update(text).digest("base64url").slice(0, 22);

// The key was one of all ids in their order: a page ended when its user had joined a group, or the groups came in another order.
describe("the key of a session", () => {
	it("is the same for the same first id, and different for any other", () => {
		const ids = ["a", "b", "a,b", 'a","b', " a", '["a"]'];
		const keys = ids.map(id => sessionKey([id]));
		for (const key of keys) expect(key).toMatch(/^[\w-]{22}$/);

		expect(new Set(keys).size).toBe(ids.length);
		expect(sessionKey(["a", "g"])).toBe(keys[0]);
		expect(sessionKey(["a", "b", "g"])).toBe(keys[0]);
	});

	it("is as the protocol says, so that other programs can compute it", () => {
		expect(sessionKey(["user:7", "tenant:a"])).toBe(hash('moleculer-sse session\n["user:7"]'));
	});
});

describe("the key of a session's groups", () => {
	it("is the same for the same groups in any order, and different for any others", () => {
		const lists = [["g"], ["h"], ["g", "h"], ["g,h"], ['g","h'], ["u"]];
		const keys = lists.map(groups => groupsKey(["u", ...groups]));

		expect(new Set(keys).size).toBe(lists.length);
		expect(groupsKey(["u", "h", "g"])).toBe(keys[2]);
		expect(groupsKey(["another", "g", "h"])).toBe(keys[2]);
	});

	it("is none without groups", () => {
		expect(groupsKey(["u"])).toBeUndefined();
	});

	it("is as the protocol says, so that other programs can compute it", () => {
		const groups = hash('moleculer-sse session\n["org:b","tenant:a"]');

		expect(groupsKey(["user:7", "tenant:a", "org:b"])).toBe(groups);
	});
});
