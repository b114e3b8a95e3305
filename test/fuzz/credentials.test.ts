import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { parseCookie } from "cookie";
import fc from "fast-check";
import type { ServiceBroker } from "moleculer";
import { readSessionId } from "../../mixins/sse/core/addressing/session-id.ts";
import { readResumeToken } from "../../mixins/sse/core/history/resume-token.ts";
import { COOKIE_OPTION, type CookieOptions } from "../../mixins/sse/core/options/cookie-options.ts";
import { SessionCookie } from "../../mixins/sse/gateway/auth/cookie.ts";
import { addressReader, trustIn } from "../../mixins/sse/gateway/limits/address.ts";
import { Tickets } from "../../mixins/sse/gateway/tickets/ticket.ts";
import { installReplCommand } from "../../mixins/sse/moleculer/sender/repl.ts";
import { anyText } from "../support/arbitraries.ts";
import { runs } from "../support/fuzz.ts";

const headerText = fc.oneof(
	fc.string({ unit: "grapheme-ascii", maxLength: 200 }),
	fc.string({
		unit: fc.constantFrom(
			"sid=",
			";",
			",",
			"=",
			"%",
			"%2A",
			"*",
			'"',
			" ",
			"a",
			"\t",
			"\u00ff",
			"sid",
			"x".repeat(300)
		),
		maxLength: 30
	})
);

describe("cookies", () => {
	const sessions = new SessionCookie(COOKIE_OPTION.default as CookieOptions, trustIn(false));

	it("give a session that is an id, and issue none that is longer than a cookie", () => {
		fc.assert(
			fc.property(headerText, cookie => {
				const issued: string[] = [];
				const request = { headers: { cookie }, socket: {} };
				const response = { appendHeader: (_: string, value: string) => issued.push(value) };
				const id = sessions.sessionOf(request as never, response as never);
				const held = cookie.split(";").flatMap(part => parseCookie(part).sid ?? []);

				expect(readSessionId(id, "sid")).toBe(id);
				if (issued.length === 0) expect(held).toContain(id);
				for (const value of issued) {
					expect(value).toMatch(/^sid(-sse)?=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/);
					// what another application has there stays
					if (held.some(other => other.length > 1)) expect(value).toMatch(/^sid-sse=/);
				}
			}),
			runs(40_000)
		);
	});
});

describe("tickets", () => {
	const options = { secret: "a secret of the tests, of at least 32 bytes" };

	it("are valid as they were issued, and in no other form", async () => {
		const tickets = new Tickets(options);
		const session = { ids: ["alice"], expiresAt: Number.POSITIVE_INFINITY };
		const { ticket } = await tickets.issue(session, ["news"]);
		const [head = "", body = "", mac = ""] = ticket.split(".");
		const part = fc.constantFrom(
			head,
			body,
			mac,
			"",
			"e30",
			Buffer.from("{}").toString("base64url")
		);
		const altered = fc.oneof(
			fc
				.tuple(fc.nat(ticket.length - 1), fc.string({ maxLength: 3 }))
				.map(([at, text]) => ticket.slice(0, at) + text + ticket.slice(at + 1)),
			fc.tuple(part, part, part).map(parts => parts.join(".")),
			fc.nat(ticket.length).map(length => ticket.slice(0, length)),
			fc.string({ maxLength: 5 }).map(text => ticket + text),
			anyText,
			fc.array(fc.base64String({ maxLength: 60 }), { maxLength: 5 }).map(parts => parts.join("."))
		);
		await fc.assert(
			fc.asyncProperty(altered, async text => {
				const read = await tickets.read(text, ["news"]);
				if (text === ticket) expect(read?.ids).toEqual(["alice"]);
				// base64url that decodes to the same bytes is the same signature
				else if (read !== undefined) expect(decode(text)).toEqual(decode(ticket));
			}),
			runs(15_000)
		);
		expect((await tickets.read(ticket, ["news"]))?.ids).toEqual(["alice"]);
		expect(tickets.remembered).toBe(0);
	});
});

const decode = (text: string) =>
	text.split(".").map(part => Buffer.from(part, "base64url").toString("hex"));

describe("places", () => {
	it("that clients forge are read, or not, and nothing else", () => {
		const text = fc.oneof(
			anyText,
			fc.string({ unit: fc.constantFrom("~", ".", "0", "9", "a", "s", "-", "%7E"), maxLength: 60 })
		);
		fc.assert(
			fc.property(text, place => {
				const read = readResumeToken(place);
				if (read !== undefined) expect(Number.isSafeInteger(read.position)).toBe(true);
			}),
			runs(40_000)
		);
	});
});

describe("addresses", () => {
	it("that a proxy passes on are addresses, or count as one client", () => {
		const readers = [false, true, 2, ["loopback"]].map(addressReader);
		const forwarded = fc.oneof(
			headerText,
			fc
				.array(fc.oneof(fc.ipV4(), fc.ipV6(), headerText), { maxLength: 6 })
				.map(list => list.join(","))
		);
		fc.assert(
			fc.property(forwarded, fc.oneof(fc.ipV4(), fc.ipV6()), (header, remoteAddress) => {
				for (const read of readers) {
					const request = { headers: { "x-forwarded-for": header }, socket: { remoteAddress } };
					const address = read(request as never) ?? "";
					expect(address).toMatch(/^(\d+\.\d+\.\d+\.\d+|([0-9a-f]{1,4}:){4}:\/64|unknown)$/);
				}
			}),
			runs(15_000)
		);
	});
});

describe("what is typed into the REPL", () => {
	afterEach(() => {
		jest.restoreAllMocks();
	});

	it("is sent as it was typed, or reported as wrong", async () => {
		const told = jest.spyOn(console, "log").mockImplementation(() => {});
		const commands: { action(broker: unknown, args: { all: string[] }): Promise<void> }[] = [];
		const sent: { sessionId: unknown }[] = [];
		const broker = {
			options: { replOptions: { customCommands: commands } },
			broadcast: async (_: string, event: { sessionId: unknown }) => void sent.push(event)
		};
		installReplCommand(broker as unknown as ServiceBroker);
		const word = fc.oneof(
			anyText,
			fc.json(),
			fc.constantFrom("send", "*", "1e3", "{", "__proto__")
		);
		const line = fc
			.tuple(fc.constantFrom(["send"], []), fc.array(word, { maxLength: 5 }))
			.map(parts => parts.flat());
		await fc.assert(
			fc.asyncProperty(line, async words => {
				told.mockClear();
				sent.length = 0;
				await commands[0]?.action(broker, { all: words });
				expect(told).toHaveBeenCalledTimes(1);
				for (const event of sent) expect(event.sessionId).toBe(words[1]);
			}),
			runs(10_000)
		);
	});
});
