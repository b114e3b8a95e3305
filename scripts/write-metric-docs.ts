import { writeFileSync } from "node:fs";
import { METRICS_PAGE, metricsPage } from "./metric-docs.ts";

/** `npm run docs:metrics`: writes the page of the metrics from their definitions. */
writeFileSync(METRICS_PAGE, metricsPage());
console.log(`wrote ${METRICS_PAGE}`);
