/** Bytes to write, with the framing of HTTP/1.1 and without. */
export interface Bytes {
	readonly plain: Uint8Array;
	readonly chunked: Uint8Array;
}

/** Node's streams convert anything else to a Buffer, once for each stream. */
export function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
	return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
