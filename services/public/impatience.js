import { clear } from "./dom.js";

/** Milliseconds after which a call that has no answer yet is not waited for in silence. */
const PATIENCE = 2000;

/**
 * Says in an element that something has no answer yet: after a while, and until the function that it
 * returns is called.
 */
export function impatience(place, what) {
	const message = `${what} has no answer yet.`;
	const timer = setTimeout(() => (place.textContent = message), PATIENCE);
	return () => {
		clearTimeout(timer);
		clear(place, message);
	};
}
