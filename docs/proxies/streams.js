/** What a development proxy has to do for streams: listeners of http-proxy's events, by their names. */
export const streams = {
	// The gateway is away: EventSource comes back from a 200, and from no other status.
	error(_error, _req, res) {
		if (res.headersSent) res.destroy();
		else res.writeHead(200, { "Content-Type": "text/event-stream" }).end("retry: 1000\n\n");
	},
	// The tab is closed: so is its stream.
	proxyReq(proxyReq, _req, res) {
		res.on("close", () => proxyReq.destroy());
	},
	// The gateway has gone: the tab is told.
	proxyRes(proxyRes, _req, res) {
		proxyRes.on("close", () => proxyRes.complete || res.destroy());
	}
};
