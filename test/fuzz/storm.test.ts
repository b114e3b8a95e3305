import { Agent, request } from "node:http";
import { describe, expect, it } from "@jest/globals";
import { send } from "../support/clients/request.ts";
import { FACTOR } from "../support/fuzz.ts";
import { startGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";

/** 20,000 in a long run, as after the restart of a gateway. */
const CLIENTS = FACTOR > 1 ? 20_000 : 300;
/** Far less than the machine could let in: otherwise nobody is sent away, and nothing is left for the other routes. */
const PACE = FACTOR > 1 ? 1000 : 50;
/** Connections under way at a time: what a server queues to be accepted (its backlog is 511). */
const AT_ONCE = 500;

/** Opens a stream and leaves; or returns how long to wait. */
function visit(url: string, session: string, agent: Agent): Promise<number | undefined> {
	const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
	const outgoing = request(url, { agent, headers: { cookie: `sid=${session}` } });
	outgoing.on("error", reject);
	outgoing.on("response", response => {
		response.setEncoding("utf8").once("data", (text: string) => {
			const [, wait] = /^retry: (\d+)\nevent: sse\.close/.exec(text) ?? [];
			resolve(wait === undefined ? undefined : Number(wait));
			response.destroy();
		});
	});
	outgoing.end();
	return promise;
}

describe("a crowd that comes at once, and obeys like EventSource", () => {
	it("is all let in, at the configured rate, while other routes are served", async () => {
		const admittedAt: number[] = [];
		const gateway = await startGateway({
			broker: { logger: false },
			sse: {
				limits: { opensPerSecond: PACE },
				authorize: () => admittedAt.push(performance.now()) > 0
			},
			settings: {
				routes: [
					{
						path: "/api",
						aliases: {
							"GET /ping": (_req: unknown, res: { end(text: string): void }) => res.end("pong")
						}
					}
				]
			}
		});
		const agent = new Agent({ maxSockets: AT_ONCE });
		onTestFinished(() => agent.destroy());
		const url = gateway.url("news");
		let tries = 0;
		let isOver = false;
		const crowd = Promise.all(
			Array.from({ length: CLIENTS }, async (_, n) => {
				for (;;) {
					tries++;
					const wait = await visit(url, `client-${n}`, agent);
					if (wait === undefined) return;
					await new Promise(resolve => setTimeout(resolve, wait));
				}
			})
		).finally(() => {
			isOver = true;
		});
		let pings = 0;
		const others = async () => {
			while (!isOver) {
				expect((await send(`${gateway.origin}/api/ping`)).text).toBe("pong");
				pings++;
				await new Promise(resolve => setTimeout(resolve, 20));
			}
		};
		await Promise.all([crowd, others()]);

		expect(admittedAt).toHaveLength(CLIENTS);
		expect(pings).toBeGreaterThan(20);
		expect(tries).toBeLessThan(CLIENTS * 6);
		let from = 0;
		for (const [index, at] of admittedAt.entries()) {
			while (at - (admittedAt[from] as number) >= 1000) from++;
			// a second's worth that was saved up, and a second's worth that was added
			expect(index - from + 1).toBeLessThanOrEqual(PACE * 2.2);
		}
	});
});
