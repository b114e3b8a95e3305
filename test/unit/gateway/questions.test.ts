import { ServiceBroker } from "moleculer";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SseHello } from "../../../mixins/sse/core/report.ts";
import { Questions } from "../../../mixins/sse/gateway/questions.ts";

const MINUTE = 60_000;

// Of a sender that had come and gone in a long absence nobody told: who was asked had been asked for the last minutes alone.
describe("how long a gateway may not have heard who came and went", () => {
	beforeEach(() => void vi.useFakeTimers());
	afterEach(() => void vi.useRealTimers());

	function create(stoodStill: () => number = () => 0) {
		const asked: SseHello[] = [];
		const middleware = {
			broadcast: () => (_name: string, hello: SseHello) => {
				asked.push(hello);
				return Promise.resolve();
			}
		};
		const broker = new ServiceBroker({ logger: false, middlewares: [middleware as never] });
		const questions = new Questions(broker, stoodStill);
		const away = () => {
			questions.ask(["n"]);
			return asked.at(-1)?.away;
		};
		return { questions, away };
	}

	// Each gateway that started asked everybody who was there: with 300 nodes, 227 MB of answers.
	it("is nothing before it has ever heard another node", () => {
		const { questions, away } = create();
		questions.begin();
		vi.advanceTimersByTime(10 * MINUTE);
		expect(away()).toBeUndefined();
	});

	it("is counted from when another node was heard last, and a minute more", () => {
		const { questions, away } = create();
		vi.advanceTimersByTime(5 * MINUTE);
		questions.hears();
		vi.advanceTimersByTime(2 * MINUTE);
		questions.begin();
		expect(away()).toBe(3 * MINUTE);
		vi.advanceTimersByTime(MINUTE);
		// what comes now is of after it
		questions.hears();
		expect(away()).toBe(4 * MINUTE);
	});

	it("is told to nodes that are met within a minute from the last answer as well, and then is over", () => {
		const { questions, away } = create();
		questions.hears();
		questions.begin();
		vi.advanceTimersByTime(MINUTE);
		questions.hears();
		questions.finish(false);
		vi.advanceTimersByTime(MINUTE - 1);
		expect(away()).toBe(3 * MINUTE - 1);
		// nodes that come all the time do not put it off
		questions.finish(false);
		vi.advanceTimersByTime(1);
		expect(away()).toBeUndefined();
		questions.begin();
		expect(away()).toBe(2 * MINUTE);
	});

	it("is not over because this node alone has answered", () => {
		const { questions, away } = create();
		questions.hears();
		questions.begin();
		questions.finish(true);
		vi.advanceTimersByTime(10 * MINUTE);
		expect(away()).toBe(11 * MINUTE);
	});

	it("goes on if it is away again before that is over", () => {
		const { questions, away } = create();
		questions.hears();
		questions.begin();
		questions.finish(false);
		vi.advanceTimersByTime(1000);
		questions.leave();
		vi.advanceTimersByTime(10 * MINUTE);
		expect(away()).toBe(11 * MINUTE + 1000);
	});

	it("counts the time for which the machine was suspended", () => {
		let stoodStill = 0;
		const { questions, away } = create(() => stoodStill);
		questions.hears();
		stoodStill = 8 * MINUTE;
		questions.begin();
		expect(away()).toBe(9 * MINUTE);
	});
});
