import { createHash } from "node:crypto";

const ITEMS = ["Coffee beans", "Espresso cups", "Filter papers", "Grinder", "Kettle", "Scale"];
const DAY = 24 * 60 * 60 * 1000;

export const HEADER = "order,date,item,quantity,total\n";

/** One order as a line of CSV; the same line whenever and wherever it is made, as from a database. */
export function orderLine(reportId: string, number: number): string {
	const random = createHash("sha256").update(`${reportId} ${number}`).digest();
	const date = new Date(Date.UTC(2026, 0, 1) + (random.readUInt16BE(0) % 365) * DAY);
	const item = ITEMS[random.readUInt8(2) % ITEMS.length];
	const quantity = 1 + (random.readUInt8(3) % 9);
	const total = (quantity * (500 + (random.readUInt16BE(4) % 5000))) / 100;
	return `${number},${date.toISOString().slice(0, 10)},${item},${quantity},${total.toFixed(2)}\n`;
}
