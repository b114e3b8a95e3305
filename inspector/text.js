const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** A number, with one decimal if it is small. */
export function number(value) {
	return (value < 10 ? tenths : whole).format(value);
}

/** A whole number. */
export function count(value) {
	return whole.format(value);
}

/** A number and what it counts: "1 stream", "2 streams". */
export function several(value, noun) {
	return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Bytes in a unit that is easy to read. */
export function size(bytes) {
	if (bytes < 1024) return `${count(bytes)} B`;
	if (bytes < 1_048_576) return `${tenths.format(bytes / 1024)} KiB`;
	return `${tenths.format(bytes / 1_048_576)} MiB`;
}

/** Milliseconds in a unit that is easy to read. */
export function duration(ms) {
	if (ms < 1000) return `${count(ms)} ms`;
	if (ms < 120_000) return `${tenths.format(ms / 1000)} s`;
	if (ms < 7_200_000) return `${count(ms / 60_000)} min`;
	return `${count(ms / 3_600_000)} h`;
}

/** The time of day, to the second, of a time in milliseconds since 1970. */
export function clock(at) {
	return new Date(at).toLocaleTimeString("en-GB");
}
