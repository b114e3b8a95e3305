import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";
import { streams } from "./streams.js";

const target = "http://localhost:3000";

express()
	.use(createProxyMiddleware({ target, pathFilter: "/api" }))
	.use(createProxyMiddleware({ target, pathFilter: "/sse", on: streams }))
	.listen(8080);
