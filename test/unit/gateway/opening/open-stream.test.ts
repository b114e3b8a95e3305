import { describe, expect, it } from "@jest/globals";
import { openStream } from "../../../../mixins/sse/gateway/opening/open-stream.ts";
import type {
	Ending,
	OpeningParts,
	OpeningStep
} from "../../../../mixins/sse/gateway/opening/opening.ts";
import { OPENING_STEPS } from "../../../../mixins/sse/gateway/opening/opening-steps.ts";
import type { SseMixinOptions } from "../../../../mixins/sse/index.ts";
import { OpeningStage } from "../../../support/gateway/opening-stage.ts";

const SECRET = "a secret of these tests, of at least 32 bytes";
const NAMES = OPENING_STEPS.map(step => step.name);

/** The steps, with one of them replaced. */
const withStep = (index: number, step: OpeningStep) => OPENING_STEPS.with(index, step);

describe("an opening", () => {
	it("passes its steps in this order", () => {
		expect(NAMES).toEqual([
			"readQuery",
			"sendOnIfStopping",
			"checkArrival",
			"identify",
			"authorize",
			"checkExpiry",
			"checkClient",
			"sendOnIfStopping",
			"checkRevocations",
			"admit",
			"answerHead",
			"useTicket",
			"replaceGhost"
		]);
	});

	it("that passes them all becomes a stream", async () => {
		const stage = await OpeningStage.start();
		const { opening } = await stage.knock();
		await openStream(opening, stage);

		expect(stage.begun).toEqual([opening]);
		expect(opening.subscription).toEqual({ sessionIds: ["alice"], eventNames: ["news"] });
	});

	it("that one step ends reaches no later step, and becomes no stream", async () => {
		const stage = await OpeningStage.start();
		for (const [index] of NAMES.entries()) {
			const { opening } = await stage.knock();
			const passed: number[] = [];
			const steps = NAMES.map(
				(_, each): OpeningStep =>
					() => {
						passed.push(each);
						return each === index ? { by: "client" } : undefined;
					}
			);
			await openStream(opening, stage, steps);
			expect(passed).toEqual([...NAMES.keys()].slice(0, index + 1));
		}
		expect(stage.begun).toEqual([]);
	});

	// Two streams of one session would both find room if one could come between the check for room and its use.
	it("lets no other request in between its last answer and its stream", async () => {
		const stage = await OpeningStage.start({ limits: { streamsPerSession: 1 } });
		const after = NAMES.indexOf("authorize") + 1;
		const happened: string[] = [];
		const notice: OpeningStep = (opening, parts) => {
			queueMicrotask(() => happened.push("another"));
			return OPENING_STEPS[after]?.(opening, parts);
		};
		const { opening } = await stage.knock();
		const parts = { ...partsOf(stage), streams: { begin: () => void happened.push("stream") } };
		await openStream(opening, parts, withStep(after, notice));
		expect(happened).toEqual(["stream", "another"]);

		const two = [await stage.knock(), await stage.knock()];
		await Promise.all(two.map(({ opening }) => openStream(opening, stage)));
		expect(stage.taken).toMatchObject({ begun: 1, streams: 1 });
	});
});

/** The parts that an opening needs, without the rest of the stage. */
function partsOf(stage: OpeningStage): OpeningParts {
	const { options, access, limits, shutdown, refusals, compression, streams } = stage;
	return { options, access, limits, shutdown, refusals, compression, streams };
}

describe("an opening with a ticket and with a ghost of its session in its way", () => {
	const options: SseMixinOptions = {
		ticket: { secret: SECRET },
		limits: { streamsPerSession: 1 }
	};

	async function arrange() {
		const stage = await OpeningStage.start(options);
		const ghost = await stage.openStream();
		const before = stage.taken;
		const session = { ids: ["alice"], expiresAt: Number.POSITIVE_INFINITY };
		const { ticket = "" } = (await stage.access.tickets?.issue(session, ["news"])) ?? {};
		const { opening } = await stage.knock(`?eventName=news&ticket=${ticket}`, {
			headers: { "last-event-id": "somewhere" }
		});
		return { stage, ghost, before, opening };
	}

	it("takes the ticket, and the place of the ghost", async () => {
		const { stage, ghost, before, opening } = await arrange();
		await openStream(opening, stage);

		expect(opening.ghost).toBe(ghost);
		expect(ghost.isOpen).toBe(false);
		expect(stage.taken).toMatchObject({ begun: before.begun + 1, streams: 1, tickets: 1 });
	});

	// `replaceGhost` is the last step, and ends nothing.
	const ENDINGS = NAMES.slice(0, -1).map((name, index) => ({ name, index }));

	it.each(ENDINGS)("takes nothing if $name ($index) sends it away", async ({ index }) => {
		const { stage, ghost, before, opening } = await arrange();
		await openStream(
			opening,
			stage,
			withStep(index, () => ({ by: "client" }))
		);

		expect(ghost.isOpen).toBe(true);
		expect(stage.taken).toEqual(before);
	});

	it.each(ENDINGS)("takes nothing if $name ($index) refuses it", async ({ index }) => {
		const { stage, ghost, before, opening } = await arrange();
		const refuse = () => {
			throw new Error("refused");
		};
		await expect(openStream(opening, stage, withStep(index, refuse))).rejects.toThrow("refused");

		expect(ghost.isOpen).toBe(true);
		expect(stage.taken).toEqual(before);
	});
});

describe("an opening that ends without a stream is answered", () => {
	/** What a client gets whose opening ends in this way. */
	async function answerTo(ending: Ending) {
		const stage = await OpeningStage.start();
		const { opening, answer } = await stage.knock();
		const steps = withStep(NAMES.indexOf("checkRevocations"), () => ending);
		await openStream(opening, stage, steps);
		const { status, headers, text } = await answer;
		return { status, type: headers["content-type"], text };
	}

	const close = (reason: string, retry: number) =>
		`retry: ${retry}\nevent: sse.close\ndata: {"reason":"${reason}"}\n\n`;
	const stream = { status: 200, type: "text/event-stream" };

	it("by the code that has answered it, and by nothing else", async () => {
		const stage = await OpeningStage.start();
		const { opening, answer } = await stage.knock();
		await openStream(opening, stage, [() => ({ by: "client" })]);
		expect(opening.response.headersSent).toBe(false);
		opening.response.end("somebody else's");
		await expect(answer).resolves.toMatchObject({ text: "somebody else's" });
	});

	it.each<[string, Ending, object]>([
		["with the head alone, for its method", { by: "method" }, { ...stream, text: "" }],
		["with drain", { by: "shutdown" }, { ...stream, text: close("drain", 3000) }],
		[
			"with when to come back",
			{ by: "limit", sentAway: { retry: 7000 } },
			{ ...stream, text: close("limit", 7000) }
		],
		["for good", { by: "limit", sentAway: "for good" }, { status: 204, text: "" }],
		[
			"with the reason of the revocation",
			{ by: "revocation", reason: "logout" },
			{ ...stream, text: close("logout", 3000) }
		]
	])("%s", async (_, ending, expected) => {
		await expect(answerTo(ending)).resolves.toMatchObject(expected);
	});
});
