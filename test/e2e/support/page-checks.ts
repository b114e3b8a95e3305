/** Lists the texts of a page whose contrast to what is behind them is below 4.5 (WCAG 2.2, 1.4.3). */
export const LOW_CONTRAST = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgba = colour => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const luminance = ([red, green, blue]) => {
		const [r, g, b] = [red, green, blue].map(value => {
			const part = value / 255;
			return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
		});
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = element => {
		for (let at = element; at !== null; at = at.parentElement) {
			const colour = rgba(getComputedStyle(at).backgroundColor);
			if (colour[3] === 255) return colour;
		}
		return [255, 255, 255];
	};
	const hasText = element =>
		[...element.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== "");
	return [...document.body.querySelectorAll("*")].filter(hasText).flatMap(element => {
		if (element.tagName === "NOSCRIPT") return [];
		const tones = [luminance(rgba(getComputedStyle(element).color)), luminance(ground(element))];
		const contrast = (Math.max(...tones) + 0.05) / (Math.min(...tones) + 0.05);
		return contrast >= 4.5 ? [] : [element.textContent + ": " + contrast.toFixed(2)];
	});
})()`;

/** Lists what would make a page scroll sideways. */
export const OUTSIDE = `(() => {
	const { scrollWidth, clientWidth } = document.documentElement;
	const outside = [...document.body.querySelectorAll("main *, header *")]
		.filter(element => element.getBoundingClientRect().right > clientWidth + 0.5)
		.map(element => element.tagName + " " + element.className);
	return scrollWidth > clientWidth ? ["the page", ...outside] : outside;
})()`;
