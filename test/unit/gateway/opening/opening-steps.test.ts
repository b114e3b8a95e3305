import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { OpeningStep } from "../../../../mixins/sse/gateway/opening/opening.ts";
import { OPENING_STEPS } from "../../../../mixins/sse/gateway/opening/opening-steps.ts";
import type { SseMixinOptions } from "../../../../mixins/sse/index.ts";
import type { RequestOptions } from "../../../support/clients/request.ts";
import { type Knock, OpeningStage } from "../../../support/gateway/opening-stage.ts";

const SECRET = "a secret of these tests, of at least 32 bytes";

const step = (name: string): OpeningStep =>
	OPENING_STEPS.find(each => each.name === name) as OpeningStep;

/** Steps that find out what the others need. */
const FINDING = ["readQuery", "identify"].map(step);

interface Scene extends Knock {
	readonly stage: OpeningStage;
	/** Takes one step. */
	take(name: string): Promise<unknown>;
}

/** A request that has passed the steps that find out about it, and nothing else. */
async function arrange(
	sse: SseMixinOptions = {},
	request: RequestOptions = {},
	finding = FINDING
): Promise<Scene> {
	const stage = await OpeningStage.start(sse);
	const knock = await stage.knock("?eventName=news&eventName=weather&eventName=news", request);
	await stage.pass(knock.opening, finding);
	const take = async (name: string) => step(name)(knock.opening, stage);
	return { stage, ...knock, take };
}

describe("readQuery", () => {
	it("reads what the request asks for, and draws the retry", async () => {
		const headers = { "last-event-id": "a.b.3" };
		const { opening, take } = await arrange({}, { headers }, []);
		await expect(take("readQuery")).resolves.toBeUndefined();
		expect(opening).toMatchObject({
			query: { eventNames: ["news", "weather"], lastEventId: "a.b.3" },
			retry: 3000
		});
	});

	it("refuses what cannot be asked for", async () => {
		const { take } = await arrange({}, { method: "POST" }, []);
		await expect(take("readQuery")).rejects.toMatchObject({ type: "SSE_METHOD_NOT_ALLOWED" });
	});
});

describe("sendOnIfStopping", () => {
	it("continues until the gateway stops", async () => {
		const { stage, take } = await arrange();
		await expect(take("sendOnIfStopping")).resolves.toBeUndefined();
		void stage.shutdown.begin(0);
		await expect(take("sendOnIfStopping")).resolves.toEqual({ by: "shutdown" });
	});
});

describe("checkArrival", () => {
	it("continues at the rate of the gateway", async () => {
		const { take } = await arrange({ limits: { opensPerSecond: 1 } });
		await expect(take("checkArrival")).resolves.toBeUndefined();
		await expect(take("checkArrival")).resolves.toEqual({
			by: "limit",
			sentAway: { retry: expect.any(Number) }
		});
	});

	it("continues while there is room", async () => {
		const { stage, take } = await arrange({ limits: { streams: 1 } });
		await expect(take("checkArrival")).resolves.toBeUndefined();
		await stage.openStream();
		await expect(take("checkArrival")).resolves.toMatchObject({ by: "limit" });
	});
});

describe("identify", () => {
	it("notes who the stream is for, and its event names", async () => {
		const { opening, take } = await arrange({ session: () => ["alice", 7] }, {}, [
			step("readQuery")
		]);
		await expect(take("identify")).resolves.toBeUndefined();
		expect(opening.subscription).toEqual({
			sessionIds: ["alice", "7"],
			eventNames: ["news", "weather"]
		});
		expect(opening.grant.provenAt).toBeUndefined();
	});

	it("refuses a request without a session", async () => {
		const { take } = await arrange({ session: () => null }, {}, [step("readQuery")]);
		await expect(take("identify")).rejects.toMatchObject({ type: "SSE_UNAUTHORIZED" });
	});
});

describe("authorize", () => {
	it.each([
		[true, undefined],
		[false, "SSE_FORBIDDEN"]
	])("asks whether the session may have all of the names: %s", async (allowed, type) => {
		const asked: unknown[] = [];
		const { opening, take } = await arrange({
			authorize: (_, access) => {
				asked.push(access);
				return allowed;
			}
		});
		const taken = take("authorize");
		await (type === undefined
			? expect(taken).resolves.toBeUndefined()
			: expect(taken).rejects.toMatchObject({ type }));
		expect(asked).toEqual([{ ...opening.subscription, req: opening.request }]);
	});
});

describe("checkExpiry", () => {
	it("refuses a session that has ended meanwhile", async () => {
		const { opening, take } = await arrange();
		await expect(take("checkExpiry")).resolves.toBeUndefined();
		const { session } = opening.grant;
		opening.grant = { ...opening.grant, session: { ...session, expiresAt: Date.now() } };
		await expect(take("checkExpiry")).rejects.toMatchObject({ type: "SSE_UNAUTHORIZED" });
	});
});

describe("checkClient", () => {
	it("continues while the client is there", async () => {
		const { opening, take } = await arrange();
		await expect(take("checkClient")).resolves.toBeUndefined();
		opening.request.socket.destroy();
		await turn();
		await expect(take("checkClient")).resolves.toEqual({ by: "client" });
	});

	it("continues while nobody has answered", async () => {
		const { opening, take } = await arrange();
		opening.response.end();
		await expect(take("checkClient")).resolves.toEqual({ by: "client" });
	});
});

describe("answerHead", () => {
	it.each([
		["GET", undefined],
		["HEAD", { by: "method" }]
	])("knows what a %s gets", async (method, expected) => {
		const { take } = await arrange({}, { method });
		await expect(take("answerHead")).resolves.toEqual(expected);
	});
});

describe("checkRevocations", () => {
	it.each([
		["alice", "weather", { by: "revocation", reason: "logout" }],
		["alice", undefined, { by: "revocation", reason: "logout" }],
		["alice", "sport", undefined],
		["bob", undefined, undefined]
	])("ends what is revoked while it opens: of %s, %s", async (sessionId, eventName, expected) => {
		const { stage, take } = await arrange();
		stage.pendingOpens.revoke({ sessionId, eventName, reason: "logout" });
		await expect(take("checkRevocations")).resolves.toEqual(expected);
	});
});

describe("admit", () => {
	it("continues while the session has room", async () => {
		const { stage, opening, take } = await arrange({ limits: { streamsPerSession: 1 } });
		await expect(take("admit")).resolves.toBeUndefined();
		await stage.openStream();
		await expect(take("admit")).resolves.toMatchObject({ by: "limit" });
		expect(opening.ghost).toBeUndefined();
	});

	it("finds the stream that must give way to a returning one", async () => {
		const headers = { "last-event-id": "a.b.3" };
		const stage = await OpeningStage.start({ limits: { streamsPerSession: 1 } });
		const ghost = await stage.openStream();
		const { opening } = await stage.knock("?eventName=news", { headers });
		await stage.pass(opening, [...FINDING, step("admit")]);
		expect(opening.ghost).toBe(ghost);
		expect(ghost.isOpen).toBe(true);
	});
});

describe("useTicket", () => {
	it("continues without a ticket", async () => {
		const { take } = await arrange();
		await expect(take("useTicket")).resolves.toBeUndefined();
	});

	it("continues with a ticket once", async () => {
		const stage = await OpeningStage.start({ ticket: { secret: SECRET } });
		const session = { ids: ["alice"], expiresAt: Number.POSITIVE_INFINITY };
		const { ticket = "" } = (await stage.access.tickets?.issue(session, ["news"])) ?? {};
		const { opening } = await stage.knock(`?eventName=news&ticket=${ticket}`);
		await stage.pass(opening, FINDING);
		const use = async () => step("useTicket")(opening, stage);
		await expect(use()).resolves.toBeUndefined();
		await expect(use()).rejects.toMatchObject({ type: "SSE_UNAUTHORIZED" });
	});
});

describe("replaceGhost", () => {
	it("does nothing if no stream is in the way", async () => {
		const { stage, take } = await arrange();
		const other = await stage.openStream();
		await expect(take("replaceGhost")).resolves.toBeUndefined();
		expect(other.isOpen).toBe(true);
	});

	it("ends the stream that gives way, which no longer counts", async () => {
		const { stage, opening, take } = await arrange({ limits: { streamsPerSession: 1 } });
		opening.ghost = await stage.openStream();
		await expect(take("replaceGhost")).resolves.toBeUndefined();
		expect(opening.ghost.isOpen).toBe(false);
		await expect(take("admit")).resolves.toBeUndefined();
	});
});
