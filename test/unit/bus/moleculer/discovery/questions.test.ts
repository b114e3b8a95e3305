import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { Questions } from "../../../../../mixins/sse/bus/moleculer/discovery/questions.ts";
import type { SseHello } from "../../../../../mixins/sse/bus/moleculer/position-report.ts";
import { useFakeTimers } from "../../../../support/fake-timers.ts";

const MINUTE = 60_000;

// Of a sender that had come and gone in a long absence nobody told: who was asked had been asked for the last minutes alone.
describe("how long a gateway may not have heard who came and went", () => {
	beforeEach(() => void useFakeTimers());
	afterEach(() => void jest.useRealTimers());

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
		jest.advanceTimersByTime(10 * MINUTE);
		expect(away()).toBeUndefined();
	});

	it("is counted from when another node was heard last, and a minute more", () => {
		const { questions, away } = create();
		jest.advanceTimersByTime(5 * MINUTE);
		questions.hears();
		jest.advanceTimersByTime(2 * MINUTE);
		questions.begin();
		expect(away()).toBe(3 * MINUTE);
		jest.advanceTimersByTime(MINUTE);
		// what comes now is of after it
		questions.hears();
		expect(away()).toBe(4 * MINUTE);
	});

	it("is told to nodes that are met within a minute from the last answer as well, and then is over", () => {
		const { questions, away } = create();
		questions.hears();
		questions.begin();
		jest.advanceTimersByTime(MINUTE);
		questions.hears();
		questions.finish(false);
		jest.advanceTimersByTime(MINUTE - 1);
		expect(away()).toBe(3 * MINUTE - 1);
		// nodes that come all the time do not put it off
		questions.finish(false);
		jest.advanceTimersByTime(1);
		expect(away()).toBeUndefined();
		questions.begin();
		expect(away()).toBe(2 * MINUTE);
	});

	it("is not over because this node alone has answered", () => {
		const { questions, away } = create();
		questions.hears();
		questions.begin();
		questions.finish(true);
		jest.advanceTimersByTime(10 * MINUTE);
		expect(away()).toBe(11 * MINUTE);
	});

	it("goes on if it is away again before that is over", () => {
		const { questions, away } = create();
		questions.hears();
		questions.begin();
		questions.finish(false);
		jest.advanceTimersByTime(1000);
		questions.leave();
		jest.advanceTimersByTime(10 * MINUTE);
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
