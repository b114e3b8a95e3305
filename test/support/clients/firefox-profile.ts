import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TempFolder, tempFolder } from "../temp-folder.ts";

/** Neither checks for updates nor sends telemetry. */
const QUIET = `
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "http://127.0.0.1:9");
`;

/** A new profile for Firefox that is silent by itself. @param more Preferences beside these, as lines of `user.js`. */
export function firefoxProfile(more = ""): TempFolder {
	const profile = tempFolder("firefox");
	writeFileSync(join(profile.path, "user.js"), QUIET + more);
	return profile;
}
