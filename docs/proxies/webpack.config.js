import { streams } from "./streams.js";

export default {
	mode: "development",
	devServer: {
		// It would hold events back.
		compress: false,
		proxy: [
			{ context: "/api", target: "http://localhost:3000" },
			{ context: "/sse", target: "http://localhost:3000", on: streams }
		]
	}
};
