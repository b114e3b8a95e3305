type Awaitable<T> = T | PromiseLike<T>;
type HeaderFields = Readonly<Record<string, string>>;
type Ticket = string | { ticket: string };

/** How a stream is opened. */
export interface Access {
	readonly url: string;
	readonly withCredentials?: boolean | undefined;
	readonly ticket?: ((names: string[]) => Awaitable<Ticket>) | undefined;
	readonly headers?: HeaderFields | (() => Awaitable<HeaderFields>) | undefined;
}

/** What the application gives for one stream. */
export type Credentials = readonly [
	ticket?: string | undefined,
	headers?: HeaderFields | undefined
];

/** Asks the application for what a stream of these names needs: first a ticket, then headers. */
export async function askFor({ ticket, headers }: Access, names: string[]): Promise<Credentials> {
	const given = await ticket?.(names);
	return [
		typeof given === "object" ? given.ticket : given,
		await (typeof headers === "function" ? headers() : headers)
	];
}
