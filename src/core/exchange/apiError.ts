/** An answer that is not a success, in Alpaca's form: HTTP status, `{code, message}`; codes are status x 100000 + detail. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  /** What the body tells beside code and message: `available`, `buying_power` ... */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, code: number = status * 100_000, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.details = details;
  }

  get body(): object {
    return { ...this.details, code: this.code, message: this.message };
  }
}

/** 422: the request is understood and cannot be done. */
export function unprocessable(message: string, details: Readonly<Record<string, unknown>> = {}): ApiError {
  return new ApiError(422, message, 42_210_000, details);
}

/** 422 for a parameter that is missing, is not understood, or does not go with another. */
export function badParameter(message: string): ApiError {
  return new ApiError(422, message, 40_010_001);
}

/** 403 for the many causes that Alpaca puts under one code: quantity, buying power, wash trades. */
export function forbidden(message: string, details: Readonly<Record<string, unknown>> = {}): ApiError {
  return new ApiError(403, message, 40_310_000, details);
}

export function notFound(message: string): ApiError {
  return new ApiError(404, message, 40_410_000);
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, message, 40_010_001);
}
