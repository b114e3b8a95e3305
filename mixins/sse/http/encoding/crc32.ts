/** The polynomial of CRC-32 (RFC 1952, 8), in the bit order of the checksum. */
const POLYNOMIAL = 0xedb88320 | 0;
/** x⁰ in that order. All numbers are signed integers: the engine has no faster ones. */
const ONE = 0x80000000 | 0;

/** The product of two polynomials modulo that of CRC-32. */
function multiply(a: number, b: number): number {
	let product = 0;
	let shifted = b;
	for (let bit = ONE; ; bit >>>= 1) {
		if (a & bit) {
			product ^= shifted;
			if ((a & (bit - 1)) === 0) return product;
		}
		shifted = shifted & 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
	}
}

/** x to the power of 2ⁿ, for each n. */
const POWERS: number[] = [ONE >>> 1];
for (let n = 1; n < 32; n++)
	POWERS.push(multiply(POWERS[n - 1] as number, POWERS[n - 1] as number));

/** The factor for a checksum that is followed by so many bytes; computed once for all such checksums. */
export function shiftBy(bytes: number): number {
	let shift = ONE;
	// Eight bits per byte: starts at 2³.
	for (let rest = bytes, n = 3; rest > 0; rest = Math.floor(rest / 2), n++) {
		if (rest % 2 === 1) shift = multiply(POWERS[n % 32] as number, shift);
	}
	return shift;
}

/**
 * The checksum of two texts that follow each other, from the checksums of both; a signed 32-bit integer.
 *
 * @param shift {@link shiftBy} for the length of the second.
 */
export function combineCrc32(first: number, second: number, shift: number): number {
	return multiply(shift, first) ^ second;
}
