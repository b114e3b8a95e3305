import { describe, expect, it } from "@jest/globals";
import { connect } from "../support/clients/client.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { callApi } from "../support/processes/example.ts";
import { ExampleNodes } from "../support/processes/example-nodes.ts";
import { inject } from "../support/provided.ts";
import { openRabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { create, csv, download, PATIENT, progressOf, REPORT_EVENTS } from "../support/reports.ts";
import { skip } from "../support/skip.ts";

/** RabbitMQ may take a while to bring a queue back, and the worker to find it, on a busy machine. */
const RECOVERY = { timeout: 120_000, interval: 200 };

describe("RabbitMQ that goes away while a job is worked and another waits, and comes back", () => {
	for (const how of ["stopped in order", "crashed"] as const) {
		it(`has lost neither: ${how}`, async () => {
			const rabbitmq = await openRabbitMq(inject("programs").rabbitmq);
			if (!rabbitmq.controllable) skip("AMQP_URL names a RabbitMQ that is not this test's to stop");
			await rabbitmq.start();
			onTestFinished(() => rabbitmq.stop());
			const nodes = new ExampleNodes({ REPORT_STEP_MS: "500" }, rabbitmq.url);
			const url = await nodes.gateway("gateway-1");
			const worker = await nodes.worker("business-1");
			await nodes.served(url);
			const client = await connect(url, "A", REPORT_EVENTS);
			const [worked, waits] = [await create(url, "A", 5000), await create(url, "A", 500)];
			await eventually(() => expect(progressOf(client).length).toBeGreaterThan(0), PATIENT);
			if (how === "crashed") await rabbitmq.crash();
			else await rabbitmq.stop({ keepData: true });
			// meanwhile a report is refused, and the worker tries to reach RabbitMQ again
			const refused = await callApi(`${url}/api/reports`, "A", { orders: 1 });
			expect(refused.status).toBeGreaterThanOrEqual(502);
			await worker.waitFor(/The work queue's connection: .*Trying again/);
			await rabbitmq.start();

			await nodes.served(url);
			await eventually(async () => {
				const { body } = await callApi<{ reportId: string }[]>(`${url}/api/reports`, "A");
				const ready = body.map(({ reportId }) => reportId);
				expect(new Set(ready)).toEqual(new Set([worked, waits]));
			}, RECOVERY);
			expect(await download(url, "A", worked)).toBe(csv(worked, 5000));
			expect(await download(url, "A", waits)).toBe(csv(waits, 500));
			await eventually(async () => expect(await nodes.waiting()).toBe(0), PATIENT);
			expect(worker.ended).toBeNull();
			// the one that was worked was dropped with the connection over which it had come, which is no attempt of the ten
			expect(worker.output).not.toContain(`${worked} goes back to the queue`);
			expect(nodes.attempts(worked)).toBe(1);
			expect(nodes.attempts(waits)).toBe(1);
		}, 240_000);
	}
});
