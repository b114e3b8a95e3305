import { $, clear } from "./dom.js";
import { impatience } from "./impatience.js";

const UNREACHABLE = "No answer: the gateway was away.";
/** Where it is said what went wrong with a call. */
const PLACES = ["#error", "#report-error"];

/**
 * Calls the API, and answers what it answers; undefined if that is an error, which is said in `place` until the next call there
 * begins.
 */
export async function post(path, what, body, place = "#error") {
	const error = $(place);
	error.textContent = "";
	const answered = impatience(error, what);
	try {
		const response = await fetch(path, {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify(body)
		});
		const answer = await response.json();
		if (response.ok) return answer;
		error.textContent = `${response.status}: ${answer.message ?? response.statusText}`;
	} catch {
		// it may have come to the gateway all the same
		error.textContent = UNREACHABLE;
	} finally {
		answered();
	}
}

/** The gateway is back. */
export function clearUnreachable() {
	for (const place of PLACES) clear($(place), UNREACHABLE);
}
