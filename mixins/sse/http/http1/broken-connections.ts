import type { Socket } from "./node-detach.ts";

/** The connections that broke off before everything that was written had left the process. */
const brokenOff = new WeakSet<Socket>();

/** Notes when a connection breaks off before everything that is written has left the process. */
export function watchBreak(socket: Socket): void {
	if (!socket.listeners("error").includes(noteUnsent)) socket.on("error", noteUnsent);
}

/** Whether a watched connection has broken off in this way. */
export function hasBrokenOff(socket: Socket): boolean {
	return brokenOff.has(socket);
}

/** Runs before "close": by then Node has forgotten what was unsent. One function for all connections costs a stream nothing. */
function noteUnsent(this: Socket, { syscall }: NodeJS.ErrnoException): void {
	// A write that failed no longer counts as unsent.
	if (this.writableLength > 0 || syscall === "write") brokenOff.add(this);
}
