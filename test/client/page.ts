/** A page that keeps what the client tells it; options of `connect` are in its URL. */
export const PAGE = `<!doctype html><title>page</title>
<script>
	window.sources = [];
	const Native = EventSource;
	window.EventSource = class extends Native {
		constructor(...args) {
			super(...args);
			sources.push(this);
			sources = sources.filter(source => source.readyState !== 2).slice(-5);
		}
	};
	window.leads = () => sources.some(source => source.readyState === 1);
	Object.assign(window, { got: [], resets: [], ends: [], starts: 0, kept: 0, count: 0, isReady: false });
	addEventListener("pageshow", ({ persisted }) => persisted && kept++);
</script>
<script type="module">
	import { connect } from "/sse/client.js";
	const options = JSON.parse(new URLSearchParams(location.search).get("options") || "{}");
	const ticket = async names => {
		const headers = { "Content-Type": "application/json" };
		const body = JSON.stringify({ eventName: names });
		const response = await fetch("/api/stream-ticket", { method: "POST", headers, body });
		if (response.ok) return response.json();
		throw Object.assign(new Error("no ticket"), { status: response.status });
	};
	if (options.ticket) options.ticket = ticket;
	if (options.worker) {
		await navigator.serviceWorker.register("/worker.js");
		await navigator.serviceWorker.ready;
		if (!navigator.serviceWorker.controller) {
			await new Promise(resolve => navigator.serviceWorker.addEventListener("controllerchange", resolve));
		}
	}
	window.live = connect("/sse/event-stream", options);
	live.on("news", n => {
		count++;
		if (!options.counts) got.push(n);
		if (options.throws && n % 1000 === 0) throw new Error("a bug of the page");
	});
	live.onReset(reason => resets.push(reason));
	live.onEnd(reason => ends.push(reason));
	live.onStart(() => starts++);
	window.isReady = true;
</script>`;

/** A service worker that passes everything through. */
export const WORKER = `
addEventListener("install", () => skipWaiting());
addEventListener("activate", event => event.waitUntil(clients.claim()));
addEventListener("fetch", event => event.respondWith(fetch(event.request)));`;
