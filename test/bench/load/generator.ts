/**
 * The load generator: opens streams, counts what arrives, and examines as little of it as possible, so that it is not what is
 * measured.
 */
import { now } from "../clock.ts";
import { answer } from "../process/answer.ts";
import { ownUsage } from "../process/usage.ts";
import { sessionOf } from "../session.ts";
import { openHttp1Stream } from "./http1-stream.ts";
import { openHttp2Stream } from "./http2-stream.ts";
import { type Buckets, Latencies } from "./latencies.ts";
import { type Ending, MarkerCounter } from "./marker.ts";
import type { Opener, OpenStream } from "./open-stream.ts";

export interface OpenOptions {
	readonly port: number;
	readonly path: string;
	readonly streams: number;
	/** Number of the first stream: its session follows from it. */
	readonly first: number;
	/** A port of an address can be used once: many streams need several addresses. */
	readonly localAddress: string;
	/** Ask for gzip. */
	readonly gzip: boolean;
	/** Over HTTP/2, many to a connection. */
	readonly http2: boolean;
	/** The send time is read on one in so many streams. */
	readonly sampling: number;
}

/** What arrived since the last call. */
export interface Received {
	readonly frames: number;
	readonly bytes: number;
	readonly latencies: Buckets;
	/** Microseconds of CPU of this process. */
	readonly cpu: number;
}

/** Streams that are being opened at one time: below any server's backlog. */
const OPENING = 100;
const SENT_AT = Buffer.from('"t":');
const ZERO = 0x30;

const streams: OpenStream[] = [];
let counter = new MarkerCounter("empty-line", 0);
let sampling = 1;

let frames = 0;
let bytes = 0;
let cpu = ownUsage().cpu;
let latencies = new Latencies();
/** Events that arrived in all, and those that somebody waits for. */
let total = 0;
let awaited = Number.POSITIVE_INFINITY;
let onAwaited = () => {};

const questions = {
	/** Opens streams; resolves when every one has got the beginning of its response. */
	async open(options: OpenOptions): Promise<void> {
		const ending: Ending = options.gzip ? "full-flush" : "empty-line";
		counter = new MarkerCounter(ending, options.streams);
		sampling = options.sampling;
		let next = 0;
		const open: Opener = options.http2 ? openHttp2Stream : openHttp1Stream;
		const opener = async () => {
			while (next < options.streams) {
				const stream = next++;
				const cookie = `sid=${sessionOf(options.first + stream)}`;
				streams.push(await open({ ...options, cookie }, bytes => take(stream, bytes)));
			}
		};
		await Promise.all(Array.from({ length: OPENING }, opener));
	},

	/** Makes the first `count` streams stop reading, for good. */
	stall(count: number): void {
		for (const stream of streams.slice(0, count)) stream.pause();
	},

	/** Resolves when so many events have arrived since {@link begin}; rejects if they do not. */
	until(count: number, timeout: number): Promise<void> {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		if (total >= count) resolve();
		const timer = setTimeout(() => {
			reject(new Error(`${total} of ${count} events came within ${timeout} ms`));
		}, timeout);
		awaited = count;
		onAwaited = resolve;
		return promise.finally(() => {
			awaited = Number.POSITIVE_INFINITY;
			clearTimeout(timer);
		});
	},

	/** Counts what arrives from here on. */
	begin(): void {
		questions.take();
		total = 0;
	},

	/** Events that arrived since {@link begin}. */
	total(): number {
		return total;
	},

	/** Returns what arrived since the last call. */
	take(): Received {
		const before = cpu;
		cpu = ownUsage().cpu;
		const received = { frames, bytes, latencies: latencies.buckets, cpu: cpu - before };
		frames = 0;
		bytes = 0;
		latencies = new Latencies();
		return received;
	},

	/** Streams that the server has not closed. */
	openStreams(): number {
		return streams.filter(({ isOpen }) => isOpen).length;
	},

	close(): void {
		for (const stream of streams) stream.breakOff();
		streams.length = 0;
	}
};

export type GeneratorQuestions = typeof questions;

function take(stream: number, read: Buffer): void {
	const count = counter.count(stream, read);
	frames += count;
	total += count;
	bytes += read.length;
	if (stream % sampling === 0) noteLatencies(read);
	if (total >= awaited) onAwaited();
}

/** Reads the send times. One that is split between two reads is left out. */
function noteLatencies(read: Buffer): void {
	const receivedAt = now();
	for (let at = read.indexOf(SENT_AT); at >= 0; at = read.indexOf(SENT_AT, at)) {
		at += SENT_AT.length;
		let sentAt = 0;
		for (; at < read.length; at++) {
			const digit = (read[at] ?? 0) - ZERO;
			if (digit < 0 || digit > 9) break;
			sentAt = sentAt * 10 + digit;
		}
		if (at < read.length) latencies.add(receivedAt - sentAt);
	}
}

answer(questions);
