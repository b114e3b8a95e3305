import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { SignJWT } from "jose";
import { JWT_EXAMPLE } from "../package/readme.ts";
import { send } from "../support/clients/request.ts";
import { openStream, requestStream } from "../support/clients/stream-client.ts";
import type { TestGateway } from "../support/gateway/gateway.ts";
import { snippetOf } from "../support/markdown.ts";
import { stubEnv } from "../support/stub-env.ts";
import { startServices } from "./support/readme-services.ts";

const SECRET = "a secret of this test, of 32 bytes";

/** The services as shown in the guide. */
function startExample(): Promise<TestGateway> {
	stubEnv("JWT_SECRET", SECRET);
	return startServices(JWT_EXAMPLE);
}

/** The header of a user who has logged in. */
async function login(jti: string, claims: Record<string, unknown> = {}) {
	const token = await new SignJWT({ sub: "7", tenant: "a", jti, ...claims })
		.setProtectedHeader({ alg: "HS256" })
		.setExpirationTime("1h")
		.sign(new TextEncoder().encode(SECRET));
	return { headers: { authorization: `Bearer ${token}` } };
}

/** The same with the ticket that the guide describes behind it. */
function startWithTickets(): Promise<TestGateway> {
	stubEnv("JWT_SECRET", SECRET);
	stubEnv("MOLECULER_SSE_TICKET_SECRET", SECRET);
	const api = JWT_EXAMPLE["services/api.service.js"] ?? "";
	return startServices({
		...JWT_EXAMPLE,
		"services/api.service.js": api
			.replace("path: null,", "path: null, ticket: {},")
			.replace('"POST /logout":', '"POST /stream-ticket": "api.sseTicket", "POST /logout":')
	});
}

describe("the guide's JWT example", () => {
	it("streams to whoever has the token that can be made to try it", async () => {
		const gateway = await startExample();
		const code = snippetOf(readFileSync("docs/guide/authentication.md", "utf8"), "token");
		const args = ["--input-type=module", "-e", code];
		const env = { ...process.env, JWT_SECRET: SECRET };
		const token = execFileSync(process.execPath, args, { env, encoding: "utf8" }).trim();
		const headers = { authorization: `Bearer ${token}` };
		const stream = await openStream(gateway.at("/live/events", "news"), { headers });
		await gateway.send({ eventName: "news", sessionId: "user:7", payload: "hello" });
		await stream.next("news");
	});

	// Its `authorize` read `ctx.meta.user`, which a stream that is opened by a ticket does not have: it threw, and pages were
	// told to come back, for ever.
	it("takes a ticket, and decides the same about it", async () => {
		const gateway = await startWithTickets();
		const streamOf = async (name: string, claims: Record<string, unknown>) => {
			const { status, text } = await send(`${gateway.origin}/api/stream-ticket?eventName=${name}`, {
				method: "POST",
				...(await login("one", claims))
			});
			if (status !== 200) return status;
			const { ticket } = JSON.parse(text);
			return openStream(`${gateway.at("/live/events", name)}&ticket=${ticket}`);
		};
		for (const [name, claims] of [
			["news", {}],
			["admin.news", { admin: true }]
		] as const) {
			const stream = await streamOf(name, claims);
			if (typeof stream === "number") throw new Error(`${name}: ${stream}`);
			await gateway.send({ eventName: name, sessionId: "user:7", payload: "hello" });
			await stream.next(name);
			expect(stream.received(name)).toEqual(["hello"]);
		}

		expect(await streamOf("admin.news", {})).toBe(403);
	});

	it("streams to the user, the tenant and the login", async () => {
		const gateway = await startExample();
		const stream = await openStream(gateway.at("/live/events", "news"), await login("one"));
		for (const sessionId of ["user:7", "tenant:a", "login:one", "user:8", "login:other"]) {
			await gateway.send({ eventName: "news", sessionId, payload: sessionId });
		}
		await gateway.send({ eventName: "news", sessionId: "user:7", payload: "last" });
		await stream.until(() => stream.received("news").includes("last"));

		expect(stream.received("news")).toEqual(["user:7", "tenant:a", "login:one", "last"]);
	});

	// A token is valid until it expires: a user who had logged out came back with it, and streamed on.
	it("ends the streams of a login that is over, and lets it in no more", async () => {
		const gateway = await startExample();
		const [url, one, other] = [
			gateway.at("/live/events", "news"),
			await login("one"),
			await login("other")
		];
		const [ended, goesOn] = [await openStream(url, one), await openStream(url, other)];
		expect((await send(`${gateway.origin}/api/logout`, { method: "POST", ...one })).status).toBe(
			200
		);
		await ended.end;
		await gateway.send({ eventName: "news", sessionId: "user:7", payload: 1 });
		await goesOn.next("news");

		expect(ended.received("sse.close")).toEqual([{ reason: "logged out" }]);
		expect((await requestStream(url, one)).status).toBe(401);
	});

	it("opens no stream without a token, with another secret, or without a claim", async () => {
		const gateway = await startExample();
		const url = gateway.at("/live/events", "news");
		expect((await requestStream(url)).status).toBe(401);
		const forged = { headers: { authorization: "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0." } };
		expect((await requestStream(url, forged)).status).toBe(401);

		const lacking = await requestStream(url, await login("one", { tenant: undefined }));
		await lacking.end;
		expect(lacking.received("sse.close")).toEqual([{ reason: "unavailable" }]);
		expect(gateway.log.at("error").join()).toContain('"ids[1]" is "tenant:undefined"');
	});
});
