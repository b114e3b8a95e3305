import { writeFileSync } from "node:fs";
import { optionDocs } from "./option-docs.ts";

/** `npm run docs:options`: writes the option tables of docs/reference, and the docstrings of the options' types, from the specs. */
for (const [file, { now, right }] of optionDocs()) {
	if (now === right) continue;
	writeFileSync(file, right);
	console.log(`wrote ${file}`);
}
