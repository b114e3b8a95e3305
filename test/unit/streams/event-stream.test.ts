import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { Reset } from "../../../mixins/sse/core/event/control-events.ts";
import { encodeFrame, type Frame } from "../../../mixins/sse/core/event/frame.ts";
import type { BufferPolicy } from "../../../mixins/sse/core/options/buffer-options.ts";
import { EventStream } from "../../../mixins/sse/streams/event-stream.ts";
import { Flush } from "../../../mixins/sse/streams/flush.ts";
import type { StreamPhase } from "../../../mixins/sse/streams/stream-phase.ts";
import { eventually } from "../../support/eventually.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";

const frame = (event: string): Frame => encodeFrame({ event, data: "" });
const reset: Reset = { reason: "gap", frame: frame("reset") };
const failure = new Error("what is done for the stream has thrown");

/**
 * A stream on a real connection, its client, and what the stream reported.
 *
 * @param reads When the client starts to read.
 */
async function openStream(policy: BufferPolicy = "disconnect", reads?: Promise<void>) {
	const told: unknown[] = [];
	const created = Promise.withResolvers<EventStream>();
	const server = createServer((request, response) => {
		const stream = new EventStream(request, response, {
			sessionIds: ["A"],
			eventNames: ["news"],
			flush: new Flush(),
			maxUnsentBytes: 1_048_576,
			policy,
			expiresAt: Number.POSITIVE_INFINITY,
			onError: error => told.push(error),
			onEnd: () => told.push("end"),
			onClose: () => told.push("close")
		});
		stream.open();
		created.resolve(stream);
	});
	server.listen(0, "127.0.0.1");
	onTestFinished(() => void server.close());
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const client = readEvents(port, reads);
	const stream = await created.promise;
	onTestFinished(() => stream.destroy());
	return { stream, told, client };
}

/** Resolves with the names of the events that arrived; `undefined` after them if the connection broke. */
async function readEvents(port: number, reads?: Promise<void>): Promise<(string | undefined)[]> {
	let text = "";
	const names = () => Array.from(text.matchAll(/^event: (.*)$/gm), ([, name]) => name);
	try {
		const request = get({ port, host: "127.0.0.1", agent: false }).on("error", () => {});
		const [response] = (await once(request, "response")) as [IncomingMessage];
		await reads;
		for await (const part of response.setEncoding("utf8")) text += part;
		return names();
	} catch {
		return [...names(), undefined];
	}
}

/** What brings a new stream into each phase; all but the first write "begun". */
const REACH: Readonly<Record<StreamPhase, (stream: EventStream) => void | Promise<void>>> = {
	opening: () => {},
	held: stream => stream.beginHeld(frame("begun")),
	live: stream => stream.beginLive(frame("begun")),
	ending: stream => {
		stream.beginLive(frame("begun"));
		stream.end("timeout");
	},
	revoked: stream => {
		stream.beginLive(frame("begun"));
		stream.revoke("logged out");
	},
	closed: async stream => {
		stream.beginLive(frame("begun"));
		stream.end("timeout");
		await eventually(() => expect(stream.phase).toBe("closed"));
	}
};
const PHASES = Object.keys(REACH) as StreamPhase[];

interface Effect {
	/** The phase afterwards; default: the same. */
	readonly to?: StreamPhase;
	/** Names of events that the client gets by it; default: none. */
	readonly writes?: readonly string[];
	/** The connection breaks. */
	readonly breaks?: true;
	/** Default: what it returns does not matter. */
	readonly returns?: boolean;
	/** An error is reported. */
	readonly reports?: true;
}

interface Method {
	call(stream: EventStream): unknown;
	/** In a phase that is not named it does nothing. */
	readonly effects: Readonly<Partial<Record<StreamPhase, Effect>>>;
	/** What it returns if it does nothing. */
	readonly otherwise?: boolean;
}

const ENDS: Effect = { to: "ending", writes: ["sse.close"] };
const REVOKED: Effect = { to: "revoked", writes: ["sse.close"] };
const BREAKS: Effect = { to: "ending", breaks: true };
const FAILS: Effect = { breaks: true, reports: true };

const METHODS: Readonly<Record<string, Method>> = {
	"beginLive()": {
		call: stream => stream.beginLive(frame("begun")),
		effects: { opening: { to: "live", writes: ["begun"] } }
	},
	"beginLive() with a reset": {
		call: stream => stream.beginLive(frame("begun"), reset),
		effects: { opening: { to: "live", writes: ["begun", "reset"] } }
	},
	"beginHeld()": {
		call: stream => stream.beginHeld(frame("begun")),
		effects: { opening: { to: "held", writes: ["begun"] } }
	},
	"beginHeld() with a reset": {
		call: stream => stream.beginHeld(frame("begun"), reset),
		effects: { opening: { to: "held", writes: ["begun", "reset"] } }
	},
	"putOff()": {
		call: stream => stream.putOff(() => frame("provisional")),
		effects: { opening: { writes: ["provisional"] } }
	},
	"putOff(), and what it was decided to begin with": {
		call: stream => {
			stream.putOff(() => frame("provisional"));
			stream.beginLive(frame("begun"));
		},
		effects: { opening: { to: "live", writes: ["begun"] } }
	},
	"putOff(), and a revocation": {
		call: stream => {
			stream.putOff(() => frame("provisional"));
			stream.revoke("logged out");
		},
		effects: {
			opening: { to: "revoked", writes: ["provisional", "sse.close"] },
			held: REVOKED,
			live: REVOKED,
			ending: { to: "revoked", breaks: true }
		}
	},
	"hold()": {
		call: stream => stream.hold(),
		effects: { live: { to: "held", returns: true } },
		otherwise: false
	},
	"goLive()": {
		call: stream => stream.goLive(),
		effects: { held: { to: "live", returns: true } },
		otherwise: false
	},
	"send()": {
		call: stream => stream.send(frame("news")),
		effects: { live: { writes: ["news"] } }
	},
	"sendReset()": {
		call: stream => stream.sendReset(reset, performance.now()),
		effects: { held: { writes: ["reset"] }, live: { writes: ["reset"] } }
	},
	"write()": {
		call: stream => stream.write(frame("missed"), frame("missed too")),
		effects: { held: { writes: ["missed", "missed too"], returns: true } },
		otherwise: false
	},
	"writeReset()": {
		call: stream => stream.writeReset(reset),
		effects: { held: { writes: ["reset"] } }
	},
	"end()": {
		call: stream => stream.end("timeout"),
		effects: { opening: ENDS, held: ENDS, live: ENDS }
	},
	"expire()": {
		call: stream => stream.expire(),
		effects: { opening: ENDS, held: ENDS, live: ENDS }
	},
	"revoke()": {
		call: stream => stream.revoke("logged out"),
		effects: {
			opening: REVOKED,
			held: REVOKED,
			live: REVOKED,
			ending: { to: "revoked", breaks: true }
		}
	},
	"destroy()": {
		call: stream => stream.destroy(),
		effects: {
			opening: BREAKS,
			held: BREAKS,
			live: BREAKS,
			ending: BREAKS,
			revoked: { breaks: true }
		}
	},
	"fail()": {
		call: stream => stream.fail(failure),
		effects: {
			opening: FAILS,
			held: FAILS,
			live: FAILS,
			ending: FAILS,
			revoked: FAILS,
			closed: { reports: true }
		}
	}
};

/** What the client gets of the phase itself, before the attempt and after it. */
function aroundOf(phase: StreamPhase, isOpen: boolean): [string[], string[]] {
	const before = phase === "opening" ? [] : ["begun"];
	const isFarewellTheirs = phase === "ending" || phase === "revoked" || phase === "closed";
	return [before, isFarewellTheirs || isOpen ? ["sse.close"] : []];
}

describe.each(Object.entries(METHODS))("%s", (_, { call, effects, otherwise }) => {
	it.each(PHASES)("of a stream that is %s", async phase => {
		const { to = phase, writes = [], ...effect } = effects[phase] ?? {};
		const { breaks, returns = otherwise, reports = false } = effect;
		const { stream, told, client } = await openStream();
		await REACH[phase](stream);
		expect(stream.phase).toBe(phase);

		const returned = call(stream);

		expect(stream.phase).toBe(to);
		if (returns !== undefined) expect(returned).toBe(returns);
		const { isOpen } = stream;
		await turn();
		if (!breaks) stream.end("timeout");
		const got = await client;
		const [before, behind] = aroundOf(phase, isOpen);
		if (!breaks) expect(got).toEqual([...before, ...writes, ...behind]);
		// A stream that is ending has sent everything.
		else if (phase !== "ending") expect(got.at(-1)).toBe(undefined);
		await eventually(() => expect(stream.phase).toBe("closed"));
		expect(told.filter(what => what !== failure)).toEqual(["end", "close"]);
		expect(told.includes(failure)).toBe(reports);
	});
});

describe("a held stream", () => {
	it("gets what it was sent before it was held, and then what is written", async () => {
		const { stream, client } = await openStream();
		stream.beginLive(frame("begun"));
		stream.send(frame("before"));
		stream.hold();
		stream.send(frame("passes by"));
		stream.sendReset(reset, performance.now());
		stream.write(frame("missed"));
		stream.goLive();
		stream.send(frame("news"));
		await turn();
		stream.end("timeout");

		expect(await client).toEqual(["begun", "before", "reset", "missed", "news", "sse.close"]);
	});

	// What was read from the history overtook what waited for a slow client: newer events came before older ones, and the
	// client's place went back.
	it.each(["disconnect", "dropOldest", "conflate"] as const)(
		"whose client is slow first gets what waits for it: %s",
		async policy => {
			const reads = Promise.withResolvers<void>();
			const { stream, client } = await openStream(policy, reads.promise);
			stream.beginLive(frame("begun"));
			await eventually(() => expect(stream.isBehind).toBe(false));
			// more than the system's buffers take
			while (!stream.isBehind) {
				stream.send(encodeFrame({ event: "large", data: "x".repeat(200_000) }));
				await sleep(2);
			}
			stream.send(frame("sent"));
			await turn();
			stream.send(frame("sent in this turn"));
			stream.hold();
			expect(stream.isReady).toBe(false);
			expect(stream.write(frame("read"), frame("read too"))).toBe(false);
			reads.resolve();
			await new Promise<void>(resolve => stream.onDrain(resolve));
			stream.write(frame("read later"));
			stream.goLive();
			stream.send(frame("live"));
			await turn();
			stream.end("timeout");

			const got = await client;
			expect(got.filter((name, at) => name !== "large" || got.indexOf(name) === at)).toEqual([
				...["begun", "large", "sent", "sent in this turn"],
				...["read", "read too", "read later", "live", "sse.close"]
			]);
		}
	);

	it("calls back when its client has taken what was written; a stream in another phase does not", async () => {
		const { stream } = await openStream();
		const called: StreamPhase[] = [];
		const note = () => void called.push(stream.phase);
		stream.onDrain(note);
		stream.beginHeld(frame("begun"));
		stream.onDrain(note);
		stream.write(frame("x".repeat(100_000)));
		await eventually(() => expect(stream.isBehind).toBe(false));
		stream.write(frame("more"));

		await eventually(() => expect(called).toEqual(["held"]));
	});
});

describe("what the client of a stream may have missed", () => {
	const before = 1000;
	const later = () => performance.now() + before;

	it("is nothing that was sent before it came for the first time", async () => {
		const { stream } = await openStream();
		stream.beginLive(frame("begun"));

		expect(stream.mayHaveMissed(performance.now() - before)).toBe(false);
		expect(stream.mayHaveMissed(later())).toBe(true);
	});

	it("is anything if it came back, until it is told", async () => {
		const { stream } = await openStream();
		stream.beginHeld(frame("begun"));
		expect(stream.mayHaveMissed(0)).toBe(true);
		stream.writeReset(reset);

		expect(stream.mayHaveMissed(0)).toBe(false);
		expect(stream.mayHaveMissed(later())).toBe(true);
	});

	it("is nothing from before it was told, at its start or later", async () => {
		const { stream } = await openStream();
		stream.beginHeld(frame("begun"), reset);
		expect(stream.mayHaveMissed(0)).toBe(false);
		const now = later();
		stream.sendReset(reset, now);

		expect(stream.mayHaveMissed(now)).toBe(false);
		expect(stream.mayHaveMissed(now + 1)).toBe(true);
	});
});

describe("a stream is silent", () => {
	it("from the first check that finds nothing written, while it is live", async () => {
		const { stream } = await openStream();
		const looks = (times: number[]) => times.map(now => stream.isSilent(now, 10));
		expect(looks([0, 100])).toEqual([false, false]);
		stream.beginLive(frame("begun"));
		await eventually(() => expect(stream.isBehind).toBe(false));

		expect(looks([200, 209, 210])).toEqual([false, false, true]);
		stream.send(frame("news"));
		await eventually(() => expect(stream.isBehind).toBe(false));
		expect(looks([300, 309, 310])).toEqual([false, false, true]);
		stream.hold();
		expect(looks([400, 500])).toEqual([false, false]);
		stream.goLive();
		expect(looks([509, 510])).toEqual([false, true]);
	});
});
