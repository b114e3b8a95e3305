import type { ConsumeMessage } from "amqplib";
import { guard } from "../../../core/errors/guard.ts";
import { JumpCheck } from "./jump-check.ts";
import { OffsetTracker, type Step } from "./offset-tracker.ts";
import { type Point, pointOf } from "./point.ts";

/** What a reader does with its messages. */
export interface MessageListener {
	/** A message's turn has come. */
	take(message: ConsumeMessage, point: Point, step: Exclude<Step, "jump" | "another">): void;
	/** This is not the RabbitMQ stream that was read before. */
	another(): void;
	/** A message is of no RabbitMQ stream. */
	misplaced(): void;
	/** Something has thrown. */
	readonly onFault: (error: Error) => void;
}

/** Takes the messages of a RabbitMQ stream in their order, and finds out what was removed before it was read. */
export class MessageOrder {
	readonly offsets: OffsetTracker = new OffsetTracker();
	readonly #listener: MessageListener;
	readonly #jumpCheck: JumpCheck;
	#findFirst: (() => Promise<Point>) | undefined;

	constructor(listener: MessageListener) {
		this.#listener = listener;
		const { onFault } = listener;
		const follow = guard(onFault, (message: ConsumeMessage) => this.#follow(message));
		this.#jumpCheck = new JumpCheck(follow, onFault);
	}

	/** A channel is read. @param findFirst Finds the oldest message that is still on the RabbitMQ stream. */
	begin(findFirst: () => Promise<Point>): void {
		this.#findFirst = findFirst;
	}

	/** The channel is read no more. */
	end(): void {
		this.#findFirst = undefined;
		this.#jumpCheck.end();
	}

	/** A message has arrived on the channel. */
	pass(message: ConsumeMessage): void {
		this.#jumpCheck.pass(message);
	}

	#follow(message: ConsumeMessage): void {
		const findFirst = this.#findFirst;
		// The channel was given up because of a message before.
		if (findFirst === undefined) return;
		const { last } = this.offsets;
		const point = pointOf(message);
		if (point === undefined) {
			this.#listener.misplaced();
			return;
		}
		const step = this.offsets.follow(point);
		if (step === "another") this.#listener.another();
		else if (step === "jump") this.#checkJump(findFirst, last as Point, message, point);
		else this.#listener.take(message, point, step);
	}

	/** Nothing is missing if the last message that was read is still there: RabbitMQ truncates from the oldest on. */
	#checkJump(
		findFirst: () => Promise<Point>,
		last: Point,
		message: ConsumeMessage,
		point: Point
	): void {
		const isLost = findFirst().then(first => first.offset > last.offset);
		this.#jumpCheck.begin(isLost, isLost => {
			this.offsets.start(point);
			this.#listener.take(message, point, isLost ? "gap" : "next");
		});
	}
}
