import { readFileSync } from "node:fs";
import { COOKIE_OPTION } from "../mixins/sse/core/options/cookie-options.ts";
import {
	SENDER_LIMITS_OPTION,
	STREAM_LIMITS_OPTION
} from "../mixins/sse/core/options/limit-options.ts";
import { SSE_MIDDLEWARE_OPTIONS } from "../mixins/sse/core/options/middleware-options.ts";
import type { AnySpec } from "../mixins/sse/core/options/option-spec.ts";
import { RABBITMQ_OPTIONS } from "../mixins/sse/core/options/rabbitmq-options.ts";
import { SSE_MIXIN_OPTIONS } from "../mixins/sse/gateway/mixin-options.ts";

type Specs = Readonly<Record<string, AnySpec>>;

const CORE = "mixins/sse/core/options";
/** Characters of a line of a docstring: 100 columns, without the indent and the signs around it. */
const ROOM = 92;

/** The page of the tables. */
const PAGE = "docs/reference/options.md";
/** Its tables, by the name in their marker. */
const TABLES: readonly (readonly [name: string, Specs])[] = [
	["SseMixin", SSE_MIXIN_OPTIONS],
	["SseMiddleware", SSE_MIDDLEWARE_OPTIONS],
	["stream", RABBITMQ_OPTIONS]
];

/** The types whose fields are options: where they are, and the specs of their fields. */
const TYPES: readonly (readonly [file: string, type: string, Specs])[] = [
	[`${CORE}/gateway-options.ts`, "GatewaySettings", SSE_MIXIN_OPTIONS],
	[`${CORE}/buffer-options.ts`, "BufferOptions", SSE_MIXIN_OPTIONS.buffer.fields],
	[`${CORE}/history-options.ts`, "HistoryLimits", SSE_MIXIN_OPTIONS.history.fields],
	[`${CORE}/compression-options.ts`, "CompressionOptions", SSE_MIXIN_OPTIONS.compression.fields],
	[`${CORE}/limit-options.ts`, "SenderLimits", SENDER_LIMITS_OPTION.fields],
	[`${CORE}/limit-options.ts`, "StreamLimits", STREAM_LIMITS_OPTION.fields],
	[`${CORE}/ticket-options.ts`, "TicketOptions", SSE_MIXIN_OPTIONS.ticket.fields],
	[`${CORE}/cookie-options.ts`, "CookieOptions", COOKIE_OPTION.fields],
	[`${CORE}/middleware-options.ts`, "MiddlewareOptions", SSE_MIDDLEWARE_OPTIONS],
	[`${CORE}/rabbitmq-options.ts`, "CheckedRabbitmqOptions", RABBITMQ_OPTIONS],
	[`${CORE}/rabbitmq-options.ts`, "OutboxLimits", RABBITMQ_OPTIONS.outbox.fields],
	["mixins/sse/gateway/types.ts", "InspectorOptions", SSE_MIXIN_OPTIONS.inspector.fields],
	["mixins/sse/gateway/types.ts", "GatewayOptions", SSE_MIXIN_OPTIONS],
	["mixins/sse.middleware.ts", "SseMiddlewareOptions", SSE_MIDDLEWARE_OPTIONS]
];

/** Every file that says something of the options: its text now, and what the specs make of it. */
export function optionDocs(): Map<string, { readonly now: string; readonly right: string }> {
	const files = new Map<string, { now: string; right: string }>();
	const edit = (file: string, change: (text: string) => string): void => {
		const now = files.get(file)?.now ?? readFileSync(file, "utf8");
		files.set(file, { now, right: change(files.get(file)?.right ?? now) });
	};
	for (const [name, specs] of TABLES) edit(PAGE, text => withTable(text, name, specs));
	for (const [file, type, specs] of TYPES) edit(file, text => withDocstrings(text, type, specs));
	return files;
}

function withTable(text: string, name: string, specs: Specs): string {
	const start = `<!-- options: ${name} -->\n`;
	const end = "<!-- end of options: `npm run docs:options` writes this table -->";
	const [before, after] = halves(text, start);
	return `${before}${start}\n${table(specs)}\n${end}${halves(after, end)[1]}`;
}

/** @throws If the mark is missing. */
function halves(text: string, mark: string): [before: string, after: string] {
	const at = text.indexOf(mark);
	if (at < 0) throw new Error(`${PAGE} has no ${mark}`);
	return [text.slice(0, at), text.slice(at + mark.length)];
}

function table(specs: Specs): string {
	const rows = Object.entries(specs).map(([name, spec]) => {
		const off = spec.off === undefined ? "" : `\`${json(spec.off)}\` `;
		const cells = [`\`${name}\` `, `${byDefault(spec)} `, off, `${spec.about} `];
		return `| ${cells.map(cell => cell.replaceAll("|", "\\|")).join("| ")}|\n`;
	});
	return `| option | default | off | meaning |\n| --- | --- | --- | --- |\n${rows.join("")}`;
}

function byDefault({ default: value, otherwise = "required" }: AnySpec): string {
	return value === undefined ? otherwise : `\`${json(value)}\``;
}

/** JSON as people write it, in one line: `{ "a": [1, 2] }`. */
function json(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(json).join(", ")}]`;
	if (typeof value !== "object" || value === null) return JSON.stringify(value);
	const fields = Object.entries(value).map(([name, field]) => `"${name}": ${json(field)}`);
	return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

const FIELD = /(?:\t\/\*\*(?:(?!\*\/).)*\*\/\n)?^\t(\w+)\??: /gms;

/** @throws If the file has no such type. */
function withDocstrings(text: string, type: string, specs: Specs): string {
	const [declaration] =
		new RegExp(`^(?:export )?interface ${type}\\b.*?^}$`, "ms").exec(text) ?? [];
	if (declaration === undefined) throw new Error(`there is no interface ${type}`);
	const documented = declaration.replaceAll(FIELD, (field, name: string) => {
		const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
		if (spec === undefined) return field;
		return docstring(spec) + field.slice(field.lastIndexOf("\n") + 1);
	});
	return text.replace(declaration, () => documented);
}

function docstring(spec: AnySpec): string {
	const { about, zero, nothing, default: value, otherwise } = spec;
	const sentences = [capital(withoutLinks(about)).replace(/[^.…]$/, "$&.")];
	if (zero !== undefined) sentences.push(unbroken(`0 = ${zero}.`));
	if (nothing !== undefined && !about.includes("`null`"))
		sentences.push(unbroken(`null = ${nothing}.`));
	const lines = wrapped(sentences.join(" "));
	if (value !== undefined) lines.push(...wrapped(`@default ${json(value)}`));
	else if (otherwise !== undefined) lines.push(...wrapped(`@default ${withoutLinks(otherwise)}`));
	if (lines.length === 1) return `\t/** ${lines[0]} */\n`;
	return `\t/**\n${lines.map(line => `\t * ${line}\n`).join("")}\t */\n`;
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Links lead nowhere in an editor: a page is named by its path, which is the same in the package. */
function withoutLinks(markdown: string): string {
	return markdown
		.replaceAll(/\bsee \[([^\]]+)\]\(\.\.\/([^)#]*)[^)]*\)/g, 'see "$1" in docs/$2')
		.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1");
}

/** What no line ends within: its spaces are replaced until the lines are made. */
function unbroken(text: string): string {
	return text.replaceAll(" ", "\u00a0");
}

/** The lines of a docstring that hold the text. */
function wrapped(text: string): string[] {
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(" ")) {
		const longer = line === "" ? word : `${line} ${word}`;
		if (longer.length <= ROOM) line = longer;
		else {
			lines.push(line);
			line = word;
		}
	}
	return [...lines, line].map(text => text.replaceAll("\u00a0", " "));
}
