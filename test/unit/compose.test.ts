import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";

/** A service of Docker Compose, as far as it is examined. */
interface ComposeService {
	image?: string;
	hostname?: string;
	command?: unknown[];
	environment?: Record<string, unknown>;
	ports?: unknown[];
	profiles?: string[];
	healthcheck?: { test: unknown[] };
	volumes?: string[];
	depends_on?: Record<string, { condition: string }>;
	networks?: Record<string, { aliases: string[] }>;
}

const file = (path: string) => new URL(`../../${path}`, import.meta.url);
const read = (path: string) => readFileSync(file(path), "utf8");

const compose: {
	services: Record<string, ComposeService>;
	volumes: Record<string, unknown>;
} = parse(read("docker-compose.yml"), {
	merge: true
});
const services = Object.entries(compose.services);
const gateways = services.filter(([, { command }]) => command?.includes("services/api.service.ts"));

describe("docker-compose.yml", () => {
	it("has two gateways, separate business services, RabbitMQ and nginx", () => {
		expect(gateways.map(([name]) => name)).toEqual(["gateway-1", "gateway-2"]);
		expect(compose.services.business?.command).toEqual([
			"services/notifications.service.ts",
			"services/orders.service.ts",
			"services/reports.service.ts",
			"services/ticker.service.ts"
		]);
		expect(compose.services.rabbitmq?.image).toMatch(/^rabbitmq:.*management/);
		expect(compose.services.nginx?.image).toMatch(/^nginx:/);
	});

	it.each(services)("%s has a health check, whose command consists of words only", (_, service) => {
		const [kind, ...words] = service.healthcheck?.test ?? [];
		expect(["CMD", "CMD-SHELL"]).toContain(kind);
		expect(words.length).toBeGreaterThan(0);
		for (const word of words) expect(typeof word).toBe("string");
	});

	it.each(services)("%s waits for services that exist and are checked", (_, service) => {
		for (const [name, how] of Object.entries(service.depends_on ?? {})) {
			expect(compose.services).toHaveProperty(name);
			// and nothing else: Compose 1 refuses to know more
			expect(how).toEqual({ condition: "service_healthy" });
		}
	});

	it.each(services)("%s runs files that exist, under a name of its own", (name, service) => {
		for (const path of service.command ?? []) expect(existsSync(file(String(path)))).toBe(true);
		if (service.environment?.NODE_ID !== undefined) expect(service.environment.NODE_ID).toBe(name);
	});

	it("has a business service that can be scaled: its containers name themselves, and share the reports", () => {
		const { environment, volumes } = compose.services.business ?? {};
		expect(environment).not.toHaveProperty("NODE_ID");
		expect(volumes).toEqual([`reports:${environment?.REPORTS_FOLDER}`]);
		expect(compose.volumes).toHaveProperty("reports");
		// a new volume has the owner of the folder it hides
		expect(read("Dockerfile")).toContain(`chown node ${environment?.REPORTS_FOLDER}\n`);
	});

	// RabbitMQ's data are those of a node, which is named after its host: by default, after its container.
	it("has a RabbitMQ that finds its data in the volume again when its container is another one", () => {
		const { hostname, volumes } = compose.services.rabbitmq ?? {};
		expect(hostname).toBe("rabbitmq");
		expect(volumes).toEqual(["rabbitmq:/var/lib/rabbitmq"]);
		expect(compose.volumes).toHaveProperty("rabbitmq");
	});

	it("publishes one port, nginx's, and those of the inspector and the observers to this machine only", () => {
		const published = services.filter(([, { ports }]) => ports !== undefined);
		expect(published.map(([name, { ports }]) => [name, ports])).toEqual([
			["gateway-1", [`127.0.0.1:\${INSPECTOR_PORT:-8081}:3000`]],
			["nginx", [`\${HTTP_PORT:-8080}:8080`]],
			["prometheus", [`127.0.0.1:\${PROMETHEUS_PORT:-9090}:9090`]],
			["grafana", [`127.0.0.1:\${GRAFANA_PORT:-3001}:3000`]]
		]);
	});

	it("starts Prometheus and Grafana only with the profile observe", () => {
		const optional = services.filter(([, { profiles }]) => profiles !== undefined);
		expect(optional.map(([name, { profiles }]) => [name, profiles])).toEqual([
			["prometheus", ["observe"]],
			["grafana", ["observe"]]
		]);
	});
});

describe("nginx's configuration", () => {
	const configuration = read("docker/nginx.conf");

	it("balances over every gateway, and listens where the port is published", () => {
		const [, name] = /set \$gateways ([\w-]+):3000;/.exec(configuration) ?? [];
		expect(gateways.map(([, { networks }]) => networks?.default?.aliases)).toEqual([
			[name],
			[name]
		]);
		expect(configuration).toContain("listen 8080;");
	});

	it("passes on streams at once, and waits for longer than two heartbeat intervals", () => {
		const [, streams = ""] = /location \/sse\/ \{(.*?)\n\t\}/s.exec(configuration) ?? [];
		for (const line of ["proxy_http_version 1.1;", 'proxy_set_header Connection "";']) {
			expect(configuration).toContain(line);
		}
		expect(streams).toContain("proxy_buffering off;");
		const [, seconds] = /proxy_read_timeout (\d+)s;/.exec(streams) ?? [];
		expect(Number(seconds)).toBeGreaterThan(15 * 2);
	});
});
