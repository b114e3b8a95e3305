import { expect } from "@jest/globals";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { Page } from "./page.ts";
import type { Project } from "./project.ts";

export async function servedPage(origin: string): Promise<string> {
	const response = await fetch(origin);
	return response.text();
}

/** Starts the first example, and ends it. Two visitors order; each hears only of their own order. */
export async function expectToRun(
	project: Project,
	command: string,
	pageOf: (origin: string) => Promise<string>
): Promise<void> {
	const { running, origin } = await project.start(command);
	onTestFinished(() => running.stop());
	await running.waitFor(/ServiceBroker with \d+ service\(s\) (is )?started successfully/);

	const html = await pageOf(origin);
	const [one, other] = [new Page(html, origin), new Page(html, origin)];
	onTestFinished(() => {
		one.close();
		other.close();
	});
	await Promise.all([one.opened(), other.opened()]);
	for (const page of [one, other]) {
		await page.click();
		await eventually(() => expect(page.written).toContain("paid"));
	}

	// with both streams open
	running.kill("SIGTERM");
	await eventually(() => expect(running.ended).toBe("code 0"), { timeout: 15_000 });
	// once their streams have ended, nothing can be under way to the wrong one any more
	await eventually(() => expect([one, other].filter(page => page.isOpen)).toEqual([]));
	expect([one.written, other.written]).toEqual([["paid"], ["paid"]]);
	expect(running.output).not.toMatch(/\b(WARN|ERROR|FATAL)\b|unhandledRejection/);
}
