/** Counts how often the texts of lists are looked at: work that must not grow as the product of two lists. */
export class TextLooks {
	count = 0;

	/** A list whose texts count when they are read. */
	of(texts: readonly string[]): readonly string[] {
		return new Proxy(texts, {
			get: (target, key) => {
				if (typeof key === "string" && /^\d+$/.test(key)) this.count++;
				return Reflect.get(target, key);
			}
		});
	}
}
