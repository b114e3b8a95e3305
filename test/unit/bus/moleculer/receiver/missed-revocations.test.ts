import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Loss } from "../../../../../mixins/sse/bus/loss.ts";
import { MissedRevocations } from "../../../../../mixins/sse/bus/moleculer/receiver/missed-revocations.ts";
import type { HostService } from "../../../../../mixins/sse/moleculer/host-service.ts";

const LIFE = "aaaaaaaa";
const NEXT_LIFE = "bbbbbbbb";

/** A gateway that knows nothing of other nodes. */
const service = {
	broker: { nodeID: "gateway", registry: { nodes: { get: () => undefined } } }
} as unknown as HostService;

describe("a revocation of a process that another one has already replaced", () => {
	let missed: Loss[];
	let revocations: MissedRevocations;
	const come = (epoch: string, seq: number) =>
		revocations.came({ id: `s.${epoch}.${seq}`, part: 1, parts: 1 });
	const end = (epoch: string, seq: number) =>
		revocations.hear({ of: "close", epoch, seq, age: 0, up: 9000, end: true }, "s");

	beforeEach(() => {
		missed = [];
		revocations = new MissedRevocations(service, loss => void missed.push(loss));
		come(LIFE, 1);
		come(NEXT_LIFE, 1);
	});

	// It counted as reported when the next process began, though nobody had been told: the streams that it covered stayed open.
	it("is missed if the former process reports that it was sent, and it has not arrived", () => {
		expect(missed).toEqual([]);
		end(LIFE, 2);
		expect(missed).toMatchObject([{ origin: "s" }]);
		end(LIFE, 2);
		expect(missed).toHaveLength(1);
	});

	it("is not missed if it arrives late, or the former process has sent no more", () => {
		come(LIFE, 2);
		end(LIFE, 2);
		expect(missed).toEqual([]);
	});
});
