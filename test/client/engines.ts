import { existsSync } from "node:fs";
import type { Programs } from "../support/processes/programs.ts";
import type { Engine } from "./engine.ts";
import { startChromium } from "./engines/chromium.ts";
import { startFirefox } from "./engines/firefox.ts";
import { startWebKit } from "./engines/webkit.ts";

/** An engine, or why there is none. */
export interface BroughtEngine {
	readonly name: string;
	readonly start: (() => Promise<Engine>) | undefined;
	readonly missing?: string;
}

const WEBKIT = "/usr/bin/WebKitWebDriver";
const XVFB = "/usr/bin/Xvfb";

/** The engines that are there. */
export async function bringEngines({ chromium, firefox }: Programs): Promise<BroughtEngine[]> {
	const hasWebKit = existsSync(WEBKIT) && existsSync(XVFB);
	return [
		{ name: "Chromium", start: () => startChromium(chromium) },
		{
			name: "Firefox",
			start: firefox === null ? undefined : () => startFirefox(firefox),
			missing: "install firefox-esr"
		},
		{
			name: "WebKitGTK",
			start: hasWebKit ? () => startWebKit(WEBKIT, XVFB) : undefined,
			missing: "install webkit2gtk-driver and xvfb"
		}
	];
}
