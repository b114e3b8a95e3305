import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { postedBy, readAttempts } from "../../chaos/attempts.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const folder = tempFolder("attempts");
afterAll(() => folder.remove());

const attempt = (n: number) => ({ from: "s1", n, at: n * 10, sessionId: "A" });

describe("a sender's record", () => {
	it("says what became of each event, including one that was killed before it heard the outcome", () => {
		const file = join(folder.path, "s1.jsonl");
		const lines = [
			...[attempt(1), attempt(2), attempt(3), { n: 1, outcome: "sent" }, attempt(4), attempt(5)],
			...[
				{ n: 4, outcome: "unsure" },
				{ n: 3, outcome: "rejected" }
			],
			// its next life
			...[attempt(6), { n: 6, outcome: "sent" }]
		];
		writeFileSync(file, lines.map(line => `${JSON.stringify(line)}\n`).join(""));

		const attempts = readAttempts(file);
		expect(attempts.map(({ n, outcome }) => `${n} ${outcome}`)).toEqual([
			...["1 sent", "2 pending", "3 rejected", "4 unsure", "5 pending", "6 sent"]
		]);
		const { sent, rejected, unsure } = postedBy([attempts]);
		expect({ rejected, unsure }).toEqual({ rejected: 1, unsure: 1 });
		expect(sent[0]?.map(({ n, at, optional = false }) => [n, at, optional])).toEqual([
			...[
				[1, 10, false],
				[2, 20, true]
			],
			...[
				[4, 40, true],
				[5, 50, true],
				[6, 60, false]
			]
		]);
	});

	// Without `throwError` a sender hears only that its node keeps an event. RabbitMQ was away when the node was stopped, and
	// what it had kept was taken for lost on the way.
	it("is certain of what it kept only if that process lived on", () => {
		const kept = (n: number, life: number) => ({ ...attempt(n), life, outcome: "kept" }) as const;
		const { sent } = postedBy([[kept(1, 1), kept(2, 2)]]);
		expect(sent[0]?.map(({ n, optional = false }) => [n, optional])).toEqual([
			[1, true],
			[2, false]
		]);
	});

	it("is empty if it sent nothing", () => {
		expect(readAttempts(join(folder.path, "nobody.jsonl"))).toEqual([]);
	});
});
