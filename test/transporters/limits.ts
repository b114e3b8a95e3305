import type { Place } from "./matrix.ts";

/** What does not work because of Moleculer itself, and the cells of the matrix that it affects. */
interface Limit {
	readonly name: string;
	readonly reason: string;
	concerns(place: Place, scenario: string): boolean;
}

/** A cell that is not right counts as no fault if one of these is its reason. */
export const LIMITS: readonly Limit[] = [
	{
		name: "no transporter, balancer off",
		reason:
			"with disableBalancer Moleculer leaves every broadcast to the transporter, which there is none of: " +
			"it reaches nobody, its own node included",
		concerns: ({ transporter, variant }) =>
			transporter === "none" && variant.name === "disableBalancer"
	},
	{
		name: "Moleculer 0.14 and 0.15 in one cluster",
		reason:
			"they speak versions 4 and 5 of Moleculer's protocol, and nodes ignore packets of another version",
		concerns: ({ version, variant }) =>
			variant.senders !== undefined &&
			version.startsWith("0.15") !== variant.senders.startsWith("0.15")
	},
	{
		name: "Avro on Moleculer 0.14.12",
		reason:
			"its schema of events refuses what Moleculer itself puts into one (`needAck: null`): none is sent",
		concerns: ({ version, variant }) => version === "0.14.12" && variant.name === "serializer Avro"
	},
	{
		name: "the first event of a sender that is killed, over TCP",
		reason:
			"nodes speak to each other, and none has a connection whose loss it could notice: to a gateway that was cut " +
			"off meanwhile, a node that had sent nothing, and is gone, has sent nothing",
		concerns: ({ transporter }, scenario) =>
			transporter === "tcp" && scenario.startsWith("first event in an outage")
	}
];

export function limitOf(place: Place, scenario: string): Limit | undefined {
	return LIMITS.find(limit => limit.concerns(place, scenario));
}
