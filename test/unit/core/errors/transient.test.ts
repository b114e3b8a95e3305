import { describe, expect, it } from "@jest/globals";
import { Errors } from "moleculer";
import ApiGateway from "moleculer-web";
import { isFault, isTransient, statusOf } from "../../../../mixins/sse/core/errors/transient.ts";

const { Errors: Web } = ApiGateway;
const data = { action: "users.find", nodeID: "node-2" };
const fail = () => {
	throw new Error("no field");
};
const withField = (fields: object) => Object.assign(new Error("x"), fields);

describe("a temporary failure", () => {
	it.each([
		["a fault", new TypeError("x is undefined")],
		["nothing at all", undefined],
		["null", null],
		["a text", "database is down"],
		["an error of a database, with a number of its own", withField({ code: 11_000 })],
		["an error of a socket, with a name as its code", withField({ code: "ECONNREFUSED" })],
		["500", new Errors.MoleculerError("x")],
		["501", withField({ status: 501 })],
		["599", new Errors.MoleculerError("x", 599)],
		["a status that is no error's", withField({ status: 304 })],
		["a service that is not there", new Errors.ServiceNotFoundError(data)],
		["a service that is not available", new Errors.ServiceNotAvailableError(data)],
		["a timeout", new Errors.RequestTimeoutError(data)],
		["a call that was skipped", new Errors.RequestSkippedError(data)],
		["a call that was rejected", new Errors.RequestRejectedError(data)],
		["a full bulkhead", new Errors.QueueIsFullError(data)],
		["a transporter that is away", Reflect.construct(Errors.BrokerDisconnectedError, [])],
		["moleculer-web's rate limit", new Web.RateLimitExceeded("x", null)],
		["moleculer-web's unavailable service", new Web.ServiceUnavailableError("x", null)],
		["408", withField({ statusCode: 408 })],
		["425", withField({ code: 425 })],
		["429", withField({ status: 429 })],
		[
			"an error that cannot be read",
			Object.defineProperty(new Error("x"), "status", { get: fail })
		],
		["whatever says that it may be tried again", withField({ code: 409, retryable: true })]
	])("is %s", (_, thrown) => {
		expect(isTransient(thrown)).toBe(true);
	});

	it.each([400, 401, 402, 403, 404, 405, 406, 409, 410, 413, 415, 421, 422, 423, 431, 451, 499])(
		"is not %i, whichever field of the error says so",
		status => {
			for (const field of ["code", "status", "statusCode"]) {
				expect(isTransient(withField({ [field]: status }))).toBe(false);
			}
			// errors of csurf, for example
			expect(isTransient(withField({ code: "EBADCSRFTOKEN", status }))).toBe(false);
		}
	);

	it.each([
		["validation", new Errors.ValidationError("x", "X")],
		["an error of the client's", new Errors.MoleculerClientError("user not found", 404)],
		["a URL that is none", new Web.NotFoundError("X", null)],
		["a refused origin", new Web.ForbiddenError("ORIGIN_NOT_ALLOWED", null)],
		["a missing token", new Web.UnAuthorizedError("NO_TOKEN", null)]
	])("is not %s", (_, thrown) => {
		expect(isTransient(thrown)).toBe(false);
	});
});

describe("the status of an error", () => {
	it.each([
		[404, { code: 404 }],
		[403, { code: "EBADCSRFTOKEN", status: 403 }],
		[429, { statusCode: 429 }],
		[503, { code: 11_000, statusCode: 503 }],
		[undefined, { code: "404" }],
		[undefined, { code: 404.5 }],
		[undefined, { code: 399, status: 600 }]
	])("is %s of %p", (status, fields) => {
		expect(statusOf(withField(fields))).toBe(status);
	});
});

describe("a fault", () => {
	it.each(
		[
			[true, new TypeError("x is undefined")],
			[true, withField({ code: "ECONNREFUSED" })],
			[true, undefined],
			[false, new Errors.ServiceNotFoundError(data)],
			[false, withField({ retryable: true })],
			[false, withField({ status: 503 })]
		].map(([is, thrown]) => [is, String(thrown), thrown] as const)
	)("is (%s) %s", (is, _, thrown) => {
		expect(isFault(thrown)).toBe(is);
	});
});
