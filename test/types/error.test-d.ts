import { expectTypeOf } from "expect-type";
import type { Errors } from "moleculer";
import { SseError, type SseErrorType } from "../../mixins/sse/index.ts";
import { describe, it } from "../support/type-test.ts";

describe("SseError", () => {
	it("is a MoleculerError", () => {
		expectTypeOf<SseError>().toExtend<Errors.MoleculerError>();
		expectTypeOf<SseError["code"]>().toEqualTypeOf<number>();
		expectTypeOf<SseError["statusCode"]>().toEqualTypeOf<number>();
		expectTypeOf<SseError["type"]>().toEqualTypeOf<SseErrorType>();
	});

	it("differs from other errors by `instanceof`, and its kinds by `type`", () => {
		const remedy = (error: unknown): string => {
			if (!(error instanceof SseError)) return "not ours";
			expectTypeOf(error).toEqualTypeOf<SseError>();
			const { type } = error;
			switch (type) {
				case "SSE_INVALID_EVENT":
				case "SSE_INVALID_CLOSE":
				case "SSE_NOT_BROADCAST":
					expectTypeOf(type).toEqualTypeOf<
						"SSE_INVALID_EVENT" | "SSE_INVALID_CLOSE" | "SSE_NOT_BROADCAST"
					>();
					return "the sender";
				case "SSE_BUS_UNAVAILABLE":
					return "time";
				case "SSE_INVALID_REQUEST":
				case "SSE_UNAUTHORIZED":
				case "SSE_FORBIDDEN":
				case "SSE_METHOD_NOT_ALLOWED":
				case "SSE_NOT_ACCEPTABLE":
					return "the client";
				case "SSE_INTERNAL":
				case "SSE_INVALID_OPTION":
					return "the gateway";
				default:
					// a type that is added has to be added here
					expectTypeOf(type).toBeNever();
					return type;
			}
		};
		expectTypeOf(remedy).returns.toBeString();
	});

	it("has only the known types", () => {
		const error = {} as SseError;
		// @ts-expect-error never true
		if (error.type === "SSE_NO_SUCH_TYPE") return;
		// @ts-expect-error not a type
		new SseError("SSE_NO_SUCH_TYPE", "message");
		// @ts-expect-error a contract: nobody changes it
		error.type = "SSE_INTERNAL";
	});
});
