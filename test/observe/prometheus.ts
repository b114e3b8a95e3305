import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROMETHEUS_FOLDER } from "../support/observability.ts";
import { type Machine, thisMachine } from "../support/processes/machine.ts";
import { freePort } from "../support/processes/ports.ts";
import { type RunningProcess, spawnProcess } from "../support/processes/process.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";
import { shortened } from "./shortened.ts";

/** Paths of the programs. */
export interface PrometheusPrograms {
	readonly prometheus: string;
	readonly promtool: string;
}

/** An alert that is pending or firing. */
export interface ActiveAlert {
	readonly name: string;
	readonly isFiring: boolean;
}

const RULE_FILES = ["recording.rules.yml", "alerts.rules.yml"] as const;

/** Finds Prometheus, and installs Debian's if it is missing. */
export async function bringPrometheus(
	machine: Machine = thisMachine()
): Promise<PrometheusPrograms> {
	if (machine.find("prometheus") === null && machine.canInstall()) {
		console.log("installing prometheus with apt-get");
		await machine.install(["prometheus"]);
	}
	const [prometheus, promtool] = [machine.find("prometheus"), machine.find("promtool")];
	if (prometheus === null || promtool === null) {
		throw new Error("Prometheus: install it, or run as root where apt-get can install it");
	}
	return { prometheus, promtool };
}

/** The rules, and their tests, as promtool sees them. Throws what it complains about. */
export function checkRules({ promtool }: PrometheusPrograms): void {
	const options = { cwd: PROMETHEUS_FOLDER, stdio: "pipe" } as const;
	execFileSync(promtool, ["check", "rules", "--lint-fatal", ...RULE_FILES], options);
	execFileSync(promtool, ["test", "rules", "rules.test.yml"], options);
}

/** A Prometheus that scrapes and evaluates each second, with the package's rules in a shortened copy. */
export class Prometheus {
	readonly #folder: TempFolder = tempFolder("observe");
	readonly #url: string;
	readonly #process: RunningProcess;

	private constructor({ prometheus, promtool }: PrometheusPrograms, port: number) {
		const { path } = this.#folder;
		for (const file of RULE_FILES) {
			const rules = readFileSync(join(PROMETHEUS_FOLDER, file), "utf8");
			writeFileSync(join(path, file), shortened(rules));
		}
		copyFileSync(new URL("./prometheus.yml", import.meta.url), join(path, "prometheus.yml"));
		this.target([]);
		execFileSync(promtool, ["check", "config", join(path, "prometheus.yml")], { stdio: "pipe" });
		this.#url = `http://127.0.0.1:${port}`;
		this.#process = spawnProcess(prometheus, [
			`--config.file=${join(path, "prometheus.yml")}`,
			`--storage.tsdb.path=${join(path, "data")}`,
			`--web.listen-address=127.0.0.1:${port}`,
			"--log.level=warn"
		]);
	}

	static async start(programs: PrometheusPrograms): Promise<Prometheus> {
		const prometheus = new Prometheus(programs, await freePort());
		const probe = async () => {
			const { ok } = await fetch(`${prometheus.#url}/-/ready`);
			if (!ok) throw new Error("not ready");
		};
		await prometheus.#process.untilReady(probe, 60_000);
		return prometheus;
	}

	/** Scrapes these ports from now on, and no others. */
	target(ports: readonly number[]): void {
		const targets = ports.map(port => `127.0.0.1:${port}`);
		writeFileSync(join(this.#folder.path, "targets.json"), JSON.stringify([{ targets }]));
	}

	async alerts(): Promise<ActiveAlert[]> {
		const { alerts } = await this.#get<{
			alerts: { state: string; labels: { alertname: string } }[];
		}>("alerts", {});
		return alerts.map(({ state, labels }) => ({
			name: labels.alertname,
			isFiring: state === "firing"
		}));
	}

	/** How many of the targets are reached. */
	async reached(): Promise<number> {
		const { result } = await this.#get<{ result: { value: [number, string] }[] }>("query", {
			query: "sum(up)"
		});
		return Number(result[0]?.value[1] ?? 0);
	}

	/** How many values a query had since a time (milliseconds) that are numbers. Throws if it does not parse. */
	async countValues(query: string, since: number): Promise<number> {
		const range = { start: String(since / 1000), end: String(Date.now() / 1000), step: "2" };
		const { result } = await this.#get<{ result: { values: [number, string][] }[] }>(
			"query_range",
			{ query, ...range }
		);
		const values = result.flatMap(({ values }) => values.map(([, value]) => Number(value)));
		return values.filter(Number.isFinite).length;
	}

	async stop(): Promise<void> {
		await this.#process.stop();
		await this.#folder.remove();
	}

	async #get<Data>(path: string, search: Record<string, string>): Promise<Data> {
		const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(search)}`);
		const { data, error } = (await response.json()) as { data: Data; error?: string };
		if (error !== undefined) throw new Error(`${search.query ?? path}: ${error}`);
		return data;
	}
}
