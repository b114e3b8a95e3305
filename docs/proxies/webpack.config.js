import { streams } from "./streams.js";

export default {
	mode: "development",
	devServer: {
		proxy: [
			{ context: "/api", target: "http://localhost:3000" },
			{ context: "/sse", target: "http://localhost:3000", on: streams }
		]
	}
};
