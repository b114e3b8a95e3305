import {
	compareSortKeys,
	type IdOrder,
	mayBeAhead,
	type SortKey
} from "../../core/history/id-order.ts";
import { parseRabbitmqId, type RabbitmqId, writeRabbitmqId } from "./rabbitmq-id.ts";

/** Ids `<offset>-<timestamp>`: the order of the RabbitMQ stream, the same on every gateway. */
export const RABBITMQ_ORDER: IdOrder = {
	lookback: 0,
	mayCome: (text, reason) => parseRabbitmqId(text) !== undefined && mayBeAhead(reason),
	sortKeyOf: sortKeyOfText,
	idOf: ({ number, index, stamp }) => writeRabbitmqId({ offset: number, timestamp: stamp, index }),
	whyMissing(text, { oldest, newest }) {
		const sortKey = sortKeyOfText(text);
		if (sortKey === undefined || newest === undefined) return "unknown";
		if (compareSortKeys(sortKey, newest) > 0) return "unknown";
		// Another message has its offset: it is of an earlier RabbitMQ stream with that name.
		return oldest === undefined || compareSortKeys(sortKey, oldest) < 0 ? "expired" : "epoch";
	}
};

function sortKeyOfText(text: string): SortKey | undefined {
	const id = parseRabbitmqId(text);
	return id && rabbitmqSortKey(id);
}

/** The sort key of an id of the RabbitMQ stream. */
export function rabbitmqSortKey({ offset, timestamp, index }: RabbitmqId): SortKey {
	return { origin: "stream", number: offset, index, stamp: timestamp };
}
