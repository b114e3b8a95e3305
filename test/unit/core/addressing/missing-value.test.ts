import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { lacksValue } from "../../../../mixins/sse/core/addressing/missing-value.ts";

/** `""`, as of a column without a value. */
const empty = "";
const user: { id?: string } = {};

// `user:${user.id}` gave every user of an application on MongoDB, whose users have an `_id`, one session. Later it was detected
// only after a colon: `user-${user.id}` was still one session.
describe("an id lacks a value", () => {
	it.each([
		"undefined",
		"user:undefined",
		"user-undefined",
		"user_undefined",
		"user.undefined",
		"user/undefined",
		"undefined|7",
		"undefined@undefined",
		"tenant:undefined:user:7",
		"user:undefined-web",
		"user: undefined",
		"user:mr. undefined",
		"user:(undefined)"
	])("by the word undefined, wherever it is: %s", id => {
		expect(lacksValue(id)).toBe(true);
	});

	it.each([
		"null",
		"user:null",
		"user:NaN",
		"user: null ",
		"null:7",
		"tenant|null|7",
		"users/null/7",
		"user-null",
		"user_NaN",
		"null@null"
	])("by null and NaN as a whole part: %s", id => {
		expect(lacksValue(id)).toBe(true);
	});

	it.each([
		`user:${{}}`,
		`user-${{}}`,
		`user:${Promise.resolve(7)}`,
		`user:${() => 7}`,
		`user:${function id() {
			return 7;
		}}`,
		`user:${Date}`
	])("by an object, a promise or a function in place of a value: %s", id => {
		expect(lacksValue(id)).toBe(true);
	});

	it.each([
		`user:${empty}`,
		`users/${empty}`,
		`t1|${empty}`,
		`user-${empty}`,
		`user_${empty}`,
		"user:  ",
		"t1| ",
		"   ",
		`${empty}:7`,
		`${empty}|7`,
		`org:${empty}:user:1`,
		`org:${empty}:user`,
		`org|${empty}|user`,
		`org/${empty}/user`,
		`org/7/user/${empty}`,
		`user:${[user.id]}`
	])("if it is empty, or blank: %j", id => {
		expect(lacksValue(id)).toBe(true);
	});
});

describe("an id lacks no value", () => {
	it.each([
		"user:7",
		"user:nullify",
		"user:Null",
		"user:nan",
		"user:[object]",
		"user:undefinedbehaviour",
		"undefined7",
		// names
		"user:dev-null",
		"null-island",
		"place:null-island",
		"christopher.null@example.com",
		"user:mr null",
		// addresses
		"https://example.com/",
		"https://example.com//a",
		"http://[::1]:3000/",
		"/users/7",
		"docs/guide",
		"::1",
		"ip:::1",
		"ip:::ffff:127.0.0.1",
		"ip:fe80::1%eth0",
		"2001:db8::ff00:42:8329",
		"arn:aws:iam::123456789012:user/ann",
		"arn:aws:s3:::bucket",
		"auth0|5f7c8ec7c33c6c004bbafe82",
		// base64
		"aGVsbG8/",
		"a/b//Cd==",
		"user:aGVsbG8/",
		"/w==",
		"//8=",
		"V1StGXR8_Z5jdHi6B-myT",
		"3f2a6f0e-9b1c-4f6e-8f2e-0c8f3d1b7a55"
	])("even if it resembles one that does: %s", id => {
		expect(lacksValue(id)).toBe(false);
	});

	// A user whose random id was taken for one without a value would never stream.
	it("if it is random, whatever its alphabet", () => {
		const bytes = fc.uint8Array({ minLength: 12, maxLength: 32 });
		const isWhole = (random: Uint8Array, kind: string) =>
			(["hex", "base64", "base64url"] as const).every(
				encoding => !lacksValue(kind + Buffer.from(random).toString(encoding))
			);
		const kinds = fc.constantFrom("", "user:", "t1|");
		fc.assert(fc.property(bytes, kinds, isWhole), { numRuns: 20_000, seed: 1 });
		fc.assert(fc.property(fc.uuid(), id => !lacksValue(id)));
	});
});
