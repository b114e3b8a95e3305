import fc from "fast-check";
import type { Cut } from "./network.ts";

/** Durations are in milliseconds, nodes are their ids. */
export type Step = {
	readonly after: number;
} /** @property apart Whether it goes to some of Moleculer's groups, which have a sequence of their own. */ & (
	| { readonly do: "send"; readonly by: readonly Name[]; readonly apart: boolean }
	| { readonly do: "open"; readonly at: Name }
	/** One of the first two pages goes to another gateway. */
	| { readonly do: "move"; readonly page: 0 | 1; readonly to: Name; readonly pause: number }
	/** A node is cut off from all others. */
	| ({ readonly do: "cut"; readonly node: Name; readonly for: number } & Cut)
	/** Two nodes are cut off from each other alone. */
	| { readonly do: "part"; readonly between: readonly [Name, Name]; readonly for: number }
	/** Events from one node to another are lost, and nothing else. */
	| { readonly do: "mute"; readonly from: Name; readonly to: Name; readonly for: number }
	/** A process ends silently; another one follows under its name. */
	| { readonly do: "kill"; readonly node: Name; readonly back: number }
	/** A process stops, and exists without services for a while, in which it may be killed; another one follows. */
	| {
			readonly do: "stop";
			readonly node: Name;
			readonly linger: number;
			readonly isKilled: boolean;
			readonly back: number;
	  }
	/** A short-lived process under a name of its own, which sends something so long after its start. */
	| {
			readonly do: "job";
			readonly sends: readonly number[];
			readonly life: number;
			readonly isKilled: boolean;
	  }
	/** A process does not run for a while; or its machine, including its clock. */
	| {
			readonly do: "suspend";
			readonly node: Name;
			readonly for: number;
			readonly isMachine: boolean;
	  }
);

/** `job` is the latest of the short-lived ones. */
export type Name = "sender-1" | "sender-2" | "gateway-1" | "gateway-2" | "witness" | "job";

export interface Course {
	/** Seed for the delays of packets. */
	readonly seed: number;
	readonly steps: readonly Step[];
}

/** Nothing happens to this one: it is there for nodes that want to know what has happened. */
export const WITNESS: Name = "witness";
const upTo = (most: number): fc.Arbitrary<number> => fc.nat(most);
const weighted = <T>(...all: [weight: number, arbitrary: fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
	fc.oneof(...all.map(([weight, arbitrary]) => ({ weight, arbitrary })));
/** Usually several things go wrong with the same node: several faults make a rare one. */
const node: fc.Arbitrary<Name> = weighted<Name>(
	[5, fc.constant("sender-1")],
	[3, fc.constant("gateway-1")],
	[1, fc.constantFrom("sender-2", "gateway-2", "job")]
);
const sender: fc.Arbitrary<Name> = weighted<Name>([4, node], [1, fc.constant(WITNESS)]);
const two = fc.tuple(node, node).filter(([one, other]) => one !== other);
const page = fc.constantFrom<0 | 1>(0, 1);
const gateway: fc.Arbitrary<Name> = fc.constantFrom("gateway-1", "gateway-2");
/** A moment, some seconds, or minutes. */
const duration = weighted([1, upTo(500)], [3, upTo(20_000)], [4, upTo(200_000)]);
const gap = weighted([5, upTo(3000)], [4, upTo(30_000)], [1, upTo(100_000)]);

/** Everything except what the steps of a kind have in common. */
type Fields<Kind> = Omit<Extract<Step, { do: Kind }>, "after" | "do">;

const step = <Kind extends Step["do"]>(
	kind: Kind,
	fields: { [Field in keyof Fields<Kind>]: fc.Arbitrary<Fields<Kind>[Field]> },
	after: fc.Arbitrary<number> = gap
): fc.Arbitrary<Step> =>
	fc.record({ after, do: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<Step>;

const sends = {
	by: fc.array(sender, { minLength: 1, maxLength: 3 }),
	apart: weighted([4, fc.constant(false)], [1, fc.constant(true)])
};
const job = {
	sends: fc.array(upTo(5000), { maxLength: 2 }),
	life: upTo(6000),
	isKilled: fc.boolean()
};
const move = { page, to: gateway, pause: upTo(20_000) };
const cut = { node, isNoticed: fc.boolean(), isKept: fc.boolean(), for: duration };
const stop = { node, linger: upTo(12_000), isKilled: fc.boolean(), back: duration };
const harmAfter = (after: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
	weighted(
		[3, step("cut", cut, after)],
		[3, step("part", { between: two, for: duration }, after)],
		[3, step("mute", { from: sender, to: node, for: duration }, after)],
		[3, step("kill", { node, back: duration }, after)],
		[3, step("stop", stop, after)],
		[2, step("job", job, after)],
		[1, step("suspend", { node, for: duration, isMachine: fc.boolean() }, after)]
	);
const harm = harmAfter(gap);
const send = step("send", sends);
/** What is sent right after something went wrong is usually lost. */
const lost = step("send", sends, upTo(1000));
const scene: fc.Arbitrary<readonly Step[]> = weighted<readonly Step[]>(
	[3, fc.tuple(harm, lost)],
	// After a loss, nothing more is heard of the node that caused it.
	[3, fc.tuple(harm, lost, harmAfter(upTo(120_000)))],
	// A page that leaves with an id from then is not told of it elsewhere.
	[2, fc.tuple(harm, lost, lost, step("move", move, upTo(3000)))],
	[1, fc.tuple(step("cut", cut), step("job", job, upTo(1000)))],
	[1, harm.map(step => [step])],
	[2, send.map(step => [step])],
	[1, step("open", { at: gateway }).map(step => [step])],
	[1, step("move", move).map(step => [step])]
);

/**
 * What happens to a cluster of two gateways and three senders. That pages are told of one fault does not show that they are
 * told of another.
 */
export const COURSE: fc.Arbitrary<Course> = fc.noBias(
	fc.record({
		seed: fc.nat(),
		steps: fc.array(scene, { minLength: 1, maxLength: 6, size: "max" }).map(scenes => scenes.flat())
	})
);

/** Nodes between which a link falls silent. */
const silent = fc.record({
	from: fc.constantFrom<Name>("sender-1", "sender-2", "witness"),
	to: gateway,
	by: fc.array(fc.constantFrom<Name>("sender-1", "sender-2", "witness", "gateway-1", "gateway-2"), {
		minLength: 1,
		maxLength: 3
	}),
	page,
	apart: sends.apart,
	isWhole: fc.boolean(),
	/** Milliseconds for which it is silent. */
	for: upTo(30_000),
	/** From the page's arrival, from then to the event that is lost, and from that to the one whose id the page takes along. */
	after: fc.tuple(gap, upTo(1000), weighted([1, upTo(1000)], [4, upTo(30_000)])),
	move: fc.tuple(upTo(500), upTo(500))
});

/**
 * One link is silent for up to half a minute: it carries nothing, or no events. A page leaves the gateway at its end, with the id of an
 * event from after what that one has missed.
 */
export const SILENT_LINK: fc.Arbitrary<Course> = fc.noBias(
	fc.record({
		seed: fc.nat(),
		steps: fc
			.array(
				silent.map(({ from, to, by, page, apart, isWhole, after, move, ...link }): Step[] => [
					{ after: 0, do: "move", page, to, pause: 0 },
					isWhole
						? { after: after[0], do: "part", between: [from, to], ...link }
						: { after: after[0], do: "mute", from, to, ...link },
					{ after: after[1], do: "send", by: [from], apart },
					{ after: after[2], do: "send", by, apart: false },
					{
						after: move[0],
						do: "move",
						page,
						to: to === "gateway-1" ? "gateway-2" : "gateway-1",
						pause: move[1]
					}
				]),
				{ minLength: 1, maxLength: 3, size: "max" }
			)
			.map(scenes => scenes.flat())
	})
);

/** Senders are restarted, and jobs are done, all gracefully; pages go from one gateway to the other. Nobody misses anything. */
export const PEACEFUL: fc.Arbitrary<Course> = fc.noBias(
	fc.record({
		seed: fc.nat(),
		steps: fc.array(
			weighted(
				[3, send],
				[
					2,
					step("stop", {
						node: fc.constantFrom<Name>("sender-1", "sender-2"),
						linger: upTo(12_000),
						isKilled: fc.constant(false),
						back: duration
					})
				],
				[2, step("job", { ...job, isKilled: fc.constant(false) })],
				[1, step("open", { at: gateway })],
				[1, step("move", move)]
			),
			{ minLength: 1, maxLength: 12, size: "max" }
		)
	})
);

/** How often something goes wrong in a course. */
export function harmsOf({ steps }: Course): number {
	const isHarm = (step: Step): boolean => !["send", "open", "move"].includes(step.do);
	return steps.filter(isHarm).length;
}
