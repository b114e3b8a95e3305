/** What the parts of the page need to read and write it. */

export const $ = selector => document.querySelector(selector);

/** An element with a class and a text; text never becomes markup. */
export function element(tag, className = "", text = "") {
	const made = document.createElement(tag);
	if (className) made.className = className;
	made.textContent = text;
	return made;
}

/** Takes one message away, and no other that stands there by now. */
export function clear(place, message) {
	if (place.textContent === message) place.textContent = "";
}
