/** The servers of Debian that the documentation has configurations for, and how each is started with one. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nginxArguments } from "../support/processes/nginx.ts";
import { configuration, type Place } from "./configuration.ts";
import type { ProxyKind } from "./proxy.ts";

/** Writes a configuration where the server finds it, with what its own main file would add. */
function put(place: Place, name: string, { before = "", after = "" } = {}): string {
	const path = join(place.folder, name);
	writeFileSync(path, before + configuration(name, place) + after);
	return path;
}

const NGINX: ProxyKind = {
	name: "nginx",
	source: "debian",
	program: "nginx",
	package: "nginx",
	version: ["-v"],
	gateways: 2,
	files: ["nginx.conf"],
	commandLine(path, place) {
		const args = nginxArguments(place.folder, configuration("nginx.conf", place));
		return { command: path, args };
	}
};

const HAPROXY: ProxyKind = {
	name: "HAProxy",
	source: "debian",
	program: "haproxy",
	package: "haproxy",
	version: ["-v"],
	gateways: 2,
	files: ["haproxy.cfg", "away.http"],
	commandLine(path, place) {
		put(place, "away.http");
		return { command: path, args: ["-db", "-f", put(place, "haproxy.cfg")] };
	}
};

const CADDY: ProxyKind = {
	name: "Caddy",
	source: "debian",
	program: "caddy",
	package: "caddy",
	version: ["version"],
	gateways: 2,
	files: ["Caddyfile"],
	commandLine(path, place) {
		// its administration port is the machine's
		const file = put(place, "Caddyfile", { before: "{\n\tadmin off\n}\n\n" });
		const env = { XDG_DATA_HOME: place.folder, XDG_CONFIG_HOME: place.folder };
		return { command: path, args: ["run", "--config", file, "--adapter", "caddyfile"], env };
	}
};

const APACHE_MODULES = [
	"mpm_event",
	"authz_core",
	"alias",
	"asis",
	"proxy",
	"proxy_http",
	"slotmem_shm",
	"proxy_balancer",
	"lbmethod_byrequests"
];

const APACHE: ProxyKind = {
	name: "Apache",
	source: "debian",
	program: "apache2",
	package: "apache2",
	version: ["-v"],
	gateways: 2,
	files: ["apache.conf", "away.asis"],
	commandLine(path, place) {
		// its workers run as another user
		chmodSync(place.folder, 0o755);
		put(place, "away.asis");
		const modules = APACHE_MODULES.map(
			name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`
		);
		const file = put(place, "apache.conf", {
			before: `ServerRoot ${place.folder}
ServerName localhost
DefaultRuntimeDir ${place.folder}
PidFile apache.pid
ErrorLog "|/bin/cat"
${process.getuid?.() === 0 ? "User www-data\nGroup www-data" : ""}
${modules.join("\n")}
`
		});
		return { command: path, args: ["-D", "FOREGROUND", "-f", file] };
	}
};

const VARNISH: ProxyKind = {
	name: "Varnish",
	source: "debian",
	program: "varnishd",
	package: "varnish",
	version: ["-V"],
	gateways: 2,
	files: ["varnish.vcl"],
	commandLine(path, place) {
		const own = ["-F", "-j", "none", "-n", join(place.folder, "varnish"), "-s", "malloc,16m"];
		const listen = ["-a", `127.0.0.1:${place.port}`];
		return { command: path, args: [...own, ...listen, "-f", put(place, "varnish.vcl")] };
	}
};

const LIGHTTPD: ProxyKind = {
	name: "lighttpd",
	source: "debian",
	program: "lighttpd",
	package: "lighttpd",
	version: ["-v"],
	gateways: 2,
	files: ["lighttpd.conf", "away.cgi"],
	commandLine(path, place) {
		put(place, "away.cgi");
		return { command: path, args: ["-D", "-f", put(place, "lighttpd.conf")] };
	}
};

export const SERVERS: readonly ProxyKind[] = [NGINX, HAPROXY, CADDY, APACHE, VARNISH, LIGHTTPD];
