/** Something to be written, with the framing of HTTP/1.1 and without. */
export interface Bytes {
	readonly plain: Uint8Array;
	readonly chunked: Uint8Array;
}

/** Node's streams make a Buffer of anything else, for each stream anew. */
export function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
	return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
