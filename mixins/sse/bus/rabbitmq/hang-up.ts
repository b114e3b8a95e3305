import type { Channel } from "amqplib";

/** Closes a channel that may be closed already, and whose connection may be gone. */
export function hangUp(channel: Channel): void {
	(async () => channel.close())().catch(() => {});
}
