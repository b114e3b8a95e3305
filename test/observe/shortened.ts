/**
 * Rules with the same conditions and thresholds that look back over seconds in place of minutes, so that a fault of seconds
 * fires their alert, and is soon forgotten. The rules as they are have tests of their own, `rules.test.yml`.
 */
export function shortened(rules: string): string {
	return rules
		.replaceAll("[5m]", "[15s]")
		.replaceAll("[1m]", "[4s]")
		.replaceAll("offset 5m", "offset 15s")
		.replaceAll(/^( +for:) \w+$/gm, "$1 1s");
}
