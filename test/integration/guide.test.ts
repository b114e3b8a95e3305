import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { FIRST_EXAMPLE, MIGRATED_EXAMPLE } from "../package/readme.ts";
import { send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { codeBlocks } from "../support/markdown.ts";
import { startServices } from "./support/readme-services.ts";

describe("getting started", () => {
	it("shows what curl shows", async () => {
		const page = readFileSync("docs/guide/getting-started.md", "utf8");
		const shown = codeBlocks(page).find(({ code }) => code.startsWith("retry:"))?.code;
		const gateway = await startServices(FIRST_EXAMPLE);
		const stream = await openStream(gateway.url("order-update"));
		await stream.next("sse.open");

		const withoutChance = (text = "") =>
			text
				.trim()
				.replace(/^retry: \d{4}$/m, "retry: …")
				.replace(/(?<="session":")[\w-]+(?=")/, "…")
				.replace(/^id: \S+$/m, "id: …");
		expect(withoutChance(stream.text)).toBe(withoutChance(shown));
	});
});

describe("moleculer-web's example, migrated", () => {
	it("takes what its page sends, and gives its page what it listens to, at the same URL", async () => {
		const gateway = await startServices(MIGRATED_EXAMPLE);
		const url = `${gateway.origin}/api/chat/message`;
		const [one, other] = [
			await openStream(url, { session: "one" }),
			await openStream(url, { session: "other" })
		];
		const body = JSON.stringify({ user: "Ann", message: "hello" });
		const headers = { "content-type": "application/json" };
		expect((await send(url, { method: "POST", headers, body })).status).toBe(200);

		for (const stream of [one, other]) {
			await stream.next("chat.message");
			expect(stream.received("chat.message")).toEqual([{ user: "Ann", message: "hello" }]);
		}
	});
});
