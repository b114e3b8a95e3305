/**
 * An element with attributes and contents. Text stays text, whatever is in it.
 *
 * @param {string} name
 * @param {Record<string, string | undefined>} [attributes] `undefined` leaves one out.
 * @param {...(Node | string)} contents
 */
export function element(name, attributes = {}, ...contents) {
	const made = document.createElement(name);
	setAttributes(made, attributes);
	made.append(...contents);
	return made;
}

/** The same, of SVG. */
export function drawing(name, attributes = {}) {
	const made = document.createElementNS("http://www.w3.org/2000/svg", name);
	setAttributes(made, attributes);
	return made;
}

/**
 * A table that narrow screens show as cards. The roles stay what they are although the cards are no table to a browser.
 *
 * @param {string[]} columns
 * @param {string[]} numbers Further columns, of numbers.
 * @param {Node[]} rows Made by {@link row}.
 */
export function table(columns, numbers, rows = []) {
	const head = [
		...columns.map(name => element("th", { role: "columnheader", scope: "col" }, name)),
		...numbers.map(name =>
			element("th", { role: "columnheader", scope: "col", class: "number" }, name)
		)
	];
	return element(
		"table",
		{ class: "rows", role: "table" },
		element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
		element("tbody", { role: "rowgroup" }, ...rows)
	);
}

/** A row of a table that narrow screens show as a card: each cell has its column's name. */
export function row(cells) {
	return element(
		"tr",
		{ role: "row" },
		...cells.map(({ label, content, className }) =>
			element(
				"td",
				{
					role: "cell",
					"data-label": label,
					class: className,
					"data-none": content === "–" ? "" : undefined
				},
				content
			)
		)
	);
}

/** Changes a text only if it is another one, so that a screen reader is not told twice. */
export function say(target, text) {
	if (target.textContent !== text) target.textContent = text;
}

export function byId(id) {
	return /** @type {HTMLElement} */ (document.getElementById(id));
}

function setAttributes(target, attributes) {
	for (const [name, value] of Object.entries(attributes)) {
		if (value !== undefined) target.setAttribute(name, value);
	}
}
