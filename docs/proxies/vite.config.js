import { streams } from "./streams.js";

export default {
	server: {
		proxy: {
			"/api": "http://localhost:3000",
			"/sse": {
				target: "http://localhost:3000",
				configure: proxy => {
					for (const [event, listener] of Object.entries(streams)) proxy.on(event, listener);
				}
			}
		}
	}
};
