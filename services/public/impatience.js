import { clear } from "./dom.js";

/** Milliseconds after which a stream or a call that has no answer yet is not waited for in silence. */
const PATIENCE = 2000;

/**
 * Says in an element that something has no answer yet: after a while, and until the function that it
 * returns is called.
 */
export function impatience(place, what) {
	let message = "";
	const timer = setTimeout(() => {
		message = `${what} has no answer yet.${connectionLimit()}`;
		place.textContent = message;
	}, PATIENCE);
	return () => {
		clearTimeout(timer);
		clear(place, message);
	};
}

/** The browser holds back what is past its connections, and tells nobody. */
function connectionLimit() {
	const loaded = ["navigation", "resource"].flatMap(type => performance.getEntriesByType(type));
	// what came from the cache has no protocol
	if (loaded.some(({ nextHopProtocol }) => /^h[23]/.test(nextHopProtocol))) return "";
	return " Browsers open six HTTP/1.1 connections to a host, for all tabs together, and each stream takes one: close a stream, or a tab.";
}
