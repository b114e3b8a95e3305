/** What a WebP file says of itself. */
export interface Webp {
	readonly width: number;
	readonly height: number;
	/** 0 for a picture that does not move. */
	readonly frames: number;
	/** Milliseconds that one round of all frames takes. */
	readonly duration: number;
	/** How often it is played; 0 is for ever. */
	readonly loops: number;
}

/**
 * Reads the chunks of a WebP file, as in https://developers.google.com/speed/webp/docs/riff_container; the size of one without the
 * chunk `VP8X` is read from its lossless picture.
 */
export function readWebp(file: Buffer): Webp {
	if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WEBP") {
		throw new Error("this is no WebP file");
	}
	const webp = { width: 0, height: 0, frames: 0, duration: 0, loops: 0 };
	// each chunk: its name, the length of what it holds, and that, filled up to an even length
	for (let at = 12; at < file.length; ) {
		const length = file.readUInt32LE(at + 4);
		const data = at + 8;
		switch (file.toString("latin1", at, at + 4)) {
			case "VP8X":
				webp.width = file.readUIntLE(data + 4, 3) + 1;
				webp.height = file.readUIntLE(data + 7, 3) + 1;
				break;
			case "VP8L": {
				const bits = file.readUInt32LE(data + 1);
				webp.width = (bits & 0x3fff) + 1;
				webp.height = ((bits >> 14) & 0x3fff) + 1;
				break;
			}
			case "ANIM":
				webp.loops = file.readUInt16LE(data + 4);
				break;
			case "ANMF":
				webp.frames++;
				webp.duration += file.readUIntLE(data + 12, 3);
				break;
		}
		at = data + length + (length % 2);
	}
	return webp;
}
