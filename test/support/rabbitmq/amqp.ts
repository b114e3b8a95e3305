import { connect } from "amqplib";

/**
 * Resolves with the broker's version when it completes an AMQP handshake; an open port alone says little. Rejects after 5 s
 * without one.
 */
export async function acceptsAmqp(url: string): Promise<string> {
	const connection = await connect(url, { timeout: 5_000 });
	const { version } = connection.connection.serverProperties;
	await connection.close();
	return version;
}
