import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { ConsumeMessage } from "amqplib";
import { JumpCheck } from "../../../../../mixins/sse/bus/rabbitmq/receiver/jump-check.ts";

const message = (name: string) => ({ name }) as unknown as ConsumeMessage;

/** A check, and what came of it in order. */
function start() {
	const seen: string[] = [];
	const asked: PromiseWithResolvers<boolean>[] = [];
	const check = new JumpCheck(
		one => {
			const { name } = one as unknown as { name: string };
			if (name.startsWith("jump")) ask(name);
			else seen.push(name);
		},
		error => {
			throw error;
		}
	);
	const ask = (name: string): void => {
		const answer = Promise.withResolvers<boolean>();
		asked.push(answer);
		check.begin(answer.promise, isLost => seen.push(`${name}, ${isLost ? "lost" : "whole"}`));
	};
	const pass = (...names: string[]) => {
		for (const name of names) check.pass(message(name));
	};
	return { seen, asked, check, pass };
}

describe("a check of whether messages are missing", () => {
	it("lets nothing pass until it is known, and keeps the order", async () => {
		const { seen, asked, pass } = start();
		pass("1", "jump", "2", "3");
		await turn();
		expect(seen).toEqual(["1"]);
		asked[0]?.resolve(true);
		await turn();
		expect(seen).toEqual(["1", "jump, lost", "2", "3"]);
		pass("4");
		expect(seen.at(-1)).toBe("4");
	});

	it("may be followed by another among what it has held", async () => {
		const { seen, asked, pass } = start();
		pass("jump 1", "2", "jump 3", "4");
		asked[0]?.resolve(false);
		await turn();
		pass("5");
		expect(seen).toEqual(["jump 1, whole", "2"]);
		asked[1]?.resolve(false);
		await turn();
		expect(seen).toEqual(["jump 1, whole", "2", "jump 3, whole", "4", "5"]);
	});

	it("takes a failure to find out for a loss", async () => {
		const { seen, asked, pass } = start();
		pass("jump");
		asked[0]?.reject(new Error("no connection"));
		await turn();
		expect(seen).toEqual(["jump, lost"]);
	});

	it("holds nothing any more, and says nothing, once it has ended", async () => {
		const { seen, asked, check, pass } = start();
		pass("jump", "1");
		check.end();
		pass("2");
		asked[0]?.resolve(true);
		await turn();
		expect(seen).toEqual(["2"]);
	});
});
