/** The session of a stream: as long as an issued one. */
export function sessionOf(stream: number): string {
	return stream.toString(16).padStart(32, "0");
}
