import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { Questions } from "../../../../../mixins/sse/bus/moleculer/discovery/questions.ts";
import type { SseHello } from "../../../../../mixins/sse/bus/moleculer/position-report.ts";
import { useFakeTimers } from "../../../../support/fake-timers.ts";

const MINUTE = 60_000;

// Nobody reported a sender that had come and left in a long absence: the nodes had been asked only about the last minutes.
describe("how long a gateway may not have heard who came and left", () => {
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

	// Each gateway that started asked everybody for the list of departed nodes: with 300 nodes, 227 MB of answers.
	it("is not asked about before it has ever heard another node", () => {
		const { questions, away } = create();
		questions.begin();
		jest.advanceTimersByTime(10 * MINUTE);
		expect(away()).toBeUndefined();
	});

	it("is counted from when another node was last heard, plus a minute", () => {
		const { questions, away } = create();
		jest.advanceTimersByTime(5 * MINUTE);
		questions.hears();
		jest.advanceTimersByTime(2 * MINUTE);
		questions.begin();
		expect(away()).toBe(3 * MINUTE);
		jest.advanceTimersByTime(MINUTE);
		// this arrives after the absence
		questions.hears();
		expect(away()).toBe(4 * MINUTE);
	});

	it("is also sent to nodes that are met within a minute after the last answer, and then no longer", () => {
		const { questions, away } = create();
		questions.hears();
		questions.begin();
		jest.advanceTimersByTime(MINUTE);
		questions.hears();
		questions.finish(false);
		jest.advanceTimersByTime(MINUTE - 1);
		expect(away()).toBe(3 * MINUTE - 1);
		// nodes that keep appearing do not postpone it
		questions.finish(false);
		jest.advanceTimersByTime(1);
		expect(away()).toBeUndefined();
		questions.begin();
		expect(away()).toBe(2 * MINUTE);
	});

	it("does not end because this node alone has answered", () => {
		const { questions, away } = create();
		questions.hears();
		questions.begin();
		questions.finish(true);
		jest.advanceTimersByTime(10 * MINUTE);
		expect(away()).toBe(11 * MINUTE);
	});

	it("continues if the gateway is away again before it ends", () => {
		const { questions, away } = create();
		questions.hears();
		questions.begin();
		questions.finish(false);
		jest.advanceTimersByTime(1000);
		questions.leave();
		jest.advanceTimersByTime(10 * MINUTE);
		expect(away()).toBe(11 * MINUTE + 1000);
	});

	it("includes the time for which the machine was suspended", () => {
		let stoodStill = 0;
		const { questions, away } = create(() => stoodStill);
		questions.hears();
		stoodStill = 8 * MINUTE;
		questions.begin();
		expect(away()).toBe(9 * MINUTE);
	});
});
