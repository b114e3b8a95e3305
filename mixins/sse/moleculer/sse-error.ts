import { ERROR_STATUS, RETRYABLE, type SseErrorType } from "../core/errors/error-types.ts";
import type { Refusal } from "../core/errors/refusal.ts";
import { MoleculerError } from "./moleculer-values.ts";

/**
 * Every error that the package throws or rejects with. `type` is stable, `code` is the HTTP status, `data` names the field,
 * parameter or option at fault.
 */
export class SseError extends MoleculerError {
	declare readonly type: SseErrorType;

	constructor(type: SseErrorType, message: string, data?: Record<string, unknown>) {
		super(message, ERROR_STATUS[type], type, data);
		this.retryable = RETRYABLE.has(type);
	}

	/**
	 * Adds the cause to this error. Not enumerable, because it is for the log and never for a client. A cause that has no text is
	 * left out: Node's `inspect`, by which loggers write errors, would throw.
	 */
	becauseOf(cause: unknown): this {
		if (!hasText(cause)) return this;
		Object.defineProperty(this, "cause", { value: cause, configurable: true, writable: true });
		return this;
	}

	/** The HTTP status under the name that Express reads, for gateways in middleware mode. */
	get statusCode(): number {
		return this.code;
	}

	static invalidEvent({ refused, message }: Refusal): SseError {
		return new SseError("SSE_INVALID_EVENT", message, { field: refused });
	}

	static invalidClose({ refused, message }: Refusal): SseError {
		return new SseError("SSE_INVALID_CLOSE", message, { field: refused });
	}

	static invalidRequest(parameter: string, message: string): SseError {
		return new SseError("SSE_INVALID_REQUEST", message, { parameter });
	}
}

function hasText(thrown: unknown): boolean {
	try {
		String(thrown);
		return true;
	} catch {
		return false;
	}
}
