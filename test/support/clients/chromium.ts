import { type Browser, chromium } from "playwright-core";

const ARGS = [
	// root in a container has no user namespaces
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync"
];

/**
 * Starts a headless Chromium that makes no requests of its own.
 *
 * @param path the Chromium program
 * @param args further command line switches
 */
export function launchChromium(path: string, args: readonly string[] = []): Promise<Browser> {
	return chromium.launch({ executablePath: path, args: [...ARGS, ...args] });
}
