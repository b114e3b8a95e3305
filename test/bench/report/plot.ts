import type { Plot, Series } from "../measures/measure.ts";
import { number } from "./verdict.ts";

const WIDTH = 820;
const HEIGHT = 420;
const AREA = { left: 64, top: 48, right: 590, bottom: 356 };
/** Between two names beside the lines' ends. */
const LINE_HEIGHT = 18;
/** From this ratio of the largest to the smallest on, x grows by factors. */
const LOGARITHMIC = 8;

/** Most eyes can tell them apart on white and on black; the first is the product's. */
const COLOURS = ["#e8590c", "#1c7ed6", "#2f9e44", "#ae3ec9", "#868e96", "#b08900", "#0c8599"];

const STYLE = `
	text { font: 13px system-ui, sans-serif; fill: #343a40; }
	.title { font-size: 16px; font-weight: 600; }
	.grid { stroke: #dee2e6; }
	.axis { stroke: #868e96; }
	.line { fill: none; stroke-width: 2; }
	.first { stroke-width: 3.5; }
	@media (prefers-color-scheme: dark) {
		text { fill: #dee2e6; }
		.grid { stroke: #373a40; }
	}
`;

/** The place of a value on an axis. */
type Scale = (value: number) => number;

/** A line plot as an SVG, legible on a light and on a dark page. */
export function renderPlot({ title, x, y, series }: Plot): string {
	const points = series.flatMap(({ points }) => points);
	const values = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b);
	const ticks = niceTicks(Math.max(...points.map(([, y]) => y)));
	const toX = scaleX(values);
	const toY = linear([0, ticks.at(-1) ?? 1], [AREA.bottom, AREA.top]);
	const middle = (AREA.left + AREA.right) / 2;
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
		`<title>${escapeXml(title)}</title>`,
		`<style>${STYLE}</style>`,
		text(AREA.left, 26, title, 'class="title"'),
		...ticks.map(tick => gridLine(toY(tick), number(tick))),
		...values.map(value => tickX(toX(value), number(value))),
		`<path class="axis" d="M${AREA.left} ${AREA.bottom}H${AREA.right}"/>`,
		text(middle, HEIGHT - 14, x, 'text-anchor="middle"'),
		text(0, 0, y, `text-anchor="middle" transform="translate(18 ${HEIGHT / 2 - 8}) rotate(-90)"`),
		...series.map((one, at) => renderLine(one, at, toX, toY)),
		...renderNames(series, toY),
		"</svg>",
		""
	].join("\n");
}

function renderLine({ points }: Series, at: number, toX: Scale, toY: Scale): string {
	const places = points.map(([x, y]) => `${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`);
	const colour = colourOf(at);
	const dots = points.map(([x, y]) => {
		return `<circle cx="${toX(x).toFixed(1)}" cy="${toY(y).toFixed(1)}" r="3" fill="${colour}"/>`;
	});
	const kind = at === 0 ? "line first" : "line";
	return `<path class="${kind}" stroke="${colour}" d="M${places.join("L")}"/>\n${dots.join("\n")}`;
}

/** Names beside the ends of their lines, moved apart where lines end close together. */
function renderNames(series: readonly Series[], toY: Scale): string[] {
	const names = series
		.map(({ title, points }, at) => {
			const [, value = 0] = points.at(-1) ?? [];
			return { title: `${title} ${number(value)}`, at, y: toY(value) };
		})
		.sort((a, b) => a.y - b.y);
	let free = AREA.top;
	for (const name of names) {
		name.y = Math.max(name.y, free);
		free = name.y + LINE_HEIGHT;
	}
	// what was moved out below is moved back up
	let floor = AREA.bottom;
	for (const name of names.toReversed()) {
		name.y = Math.min(name.y, floor);
		floor = name.y - LINE_HEIGHT;
	}
	return names.map(({ title, at, y }) => {
		const mark = `<rect x="${AREA.right + 14}" y="${(y - 4).toFixed(1)}" width="10" height="10" fill="${colourOf(at)}"/>`;
		return `${mark}\n${text(AREA.right + 30, y + 5, title)}`;
	});
}

function gridLine(y: number, label: string): string {
	const line = `<path class="grid" d="M${AREA.left} ${y.toFixed(1)}H${AREA.right}"/>`;
	return `${line}\n${text(AREA.left - 8, y + 4, label, 'text-anchor="end"')}`;
}

function tickX(x: number, label: string): string {
	const mark = `<path class="axis" d="M${x.toFixed(1)} ${AREA.bottom}v5"/>`;
	return `${mark}\n${text(x, AREA.bottom + 22, label, 'text-anchor="middle"')}`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
	return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeXml(content)}</text>`;
}

function scaleX(values: readonly number[]): Scale {
	const [first = 0] = values;
	const last = values.at(-1) ?? 1;
	const range = [AREA.left + 12, AREA.right] as const;
	if (first <= 0 || last / first < LOGARITHMIC) return linear([first, last], range);
	const place = linear([Math.log(first), Math.log(last)], range);
	return value => place(Math.log(value));
}

function linear([from, to]: readonly [number, number], range: readonly [number, number]): Scale {
	const [start, end] = range;
	return value => start + ((value - from) / (to - from || 1)) * (end - start);
}

/** From 0, in steps that people count in, to the first above the largest value. */
function niceTicks(largest: number): number[] {
	const rough = largest / 5;
	const power = 10 ** Math.floor(Math.log10(rough));
	const step = ([1, 2, 5, 10].find(factor => factor * power >= rough) ?? 10) * power;
	const count = Math.ceil(largest / step);
	return Array.from({ length: count + 1 }, (_, n) => Number((n * step).toPrecision(6)));
}

function colourOf(at: number): string {
	return COLOURS[at % COLOURS.length] ?? "#868e96";
}

function escapeXml(content: string): string {
	return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
