/**
 * Reads a stream as the gateway writes it: lines that end with LF, and one line of data an event.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {(event: { event?: string, data?: string, retry?: number }) => void} take
 */
export async function readEvents(body, take) {
	const decoder = new TextDecoder();
	const reader = body.getReader();
	let text = "";
	for (let part = await reader.read(); !part.done; part = await reader.read()) {
		const blocks = (text + decoder.decode(part.value, { stream: true })).split("\n\n");
		text = blocks.pop();
		for (const block of blocks) take(fieldsOf(block));
	}
}

function fieldsOf(block) {
	const { retry, ...fields } = Object.fromEntries(
		block.split("\n").map(line => {
			const [name, ...value] = line.split(":");
			return [name, value.join(":").trimStart()];
		})
	);
	return { ...fields, ...(retry !== undefined && { retry: Number(retry) }) };
}
