import { drawing } from "./elements.js";

const WIDTH = 120;
const HEIGHT = 28;
/** Samples of a line: two minutes. */
export const SAMPLES = 120;

/** A line of the last values, from zero to the highest of them; the newest is on the right. */
export class Sparkline {
	#values = [];
	#line = drawing("path", { class: "line", "vector-effect": "non-scaling-stroke" });
	#area = drawing("path", { class: "area" });
	element = drawing("svg", {
		class: "spark",
		viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
		preserveAspectRatio: "none",
		"aria-hidden": "true"
	});

	constructor() {
		this.element.append(this.#area, this.#line);
	}

	/** @param {number | null} value null = not known. */
	add(value) {
		this.#values.push(value);
		if (this.#values.length > SAMPLES) this.#values.shift();
	}

	/** The highest of the values; 0 if there is none. */
	get most() {
		return Math.max(0, ...this.#values.map(value => value ?? 0));
	}

	draw() {
		const scale = (HEIGHT - 3) / (this.most || 1);
		const first = SAMPLES - this.#values.length;
		const points = this.#values.flatMap((value, index) =>
			value === null
				? []
				: [[((first + index) * WIDTH) / (SAMPLES - 1), HEIGHT - 1.5 - value * scale]]
		);
		const path = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
		this.element.toggleAttribute("data-empty", points.length === 0);
		const [[left] = [0]] = points;
		this.#line.setAttribute("d", path && `M${path}`);
		this.#area.setAttribute("d", path && `M${left} ${HEIGHT}L${path}L${WIDTH} ${HEIGHT}Z`);
	}
}
