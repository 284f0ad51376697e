/** What an answer of Alpaca's APIs that is no success means, as one error; shared by broker and market data. */
import { TradingError } from "../base/errors.ts";
import type { HttpAnswer } from "./ports.ts";

/** The broker's own words and code out of `{"code": 40310000, "message": "…"}`; the data API may leave the code out. */
export function brokerMessage(body: unknown): { readonly message: string | undefined; readonly brokerCode: number | undefined } {
  const fields = body !== null && typeof body === "object" ? (body as { code?: unknown; message?: unknown }) : {};
  return {
    message: typeof fields.message === "string" && fields.message !== "" ? fields.message : undefined,
    brokerCode: typeof fields.code === "number" ? fields.code : undefined,
  };
}

/** `doing` completes "Could not …": "read the account". */
export function answerError(answer: HttpAnswer, doing: string): TradingError {
  const { message, brokerCode } = brokerMessage(answer.body);
  const requestId = answer.headers["x-request-id"];
  const data = {
    status: answer.status,
    ...(brokerCode === undefined ? {} : { brokerCode }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  const said = message === undefined ? `status ${answer.status}` : message.replace(/\.$/, "");
  if (isBadKey(answer)) {
    return new TradingError("bad-key", `Wrong key: the broker does not accept it (${said}).`, {
      hint: 'Check key and secret, and that paper keys are used with paper and live keys with live: APCA_API_KEY_ID and APCA_API_SECRET_KEY, or "Quantdesk: Set Keys".',
      data,
    });
  }
  if (answer.status === 429) {
    return new TradingError("rate-limited", `Could not ${doing}: too many requests (${said}).`, {
      hint: "Wait a minute, or lower broker.requestsPerMinute.",
      data,
    });
  }
  if (answer.status >= 500) {
    return new TradingError("broker-unavailable", `Could not ${doing}: the service failed (${said}).`, { hint: "Try again in a moment.", data });
  }
  if (answer.status === 404) return new TradingError("not-found", `Could not ${doing}: ${said}.`, { data });
  return new TradingError("broker-error", `Could not ${doing}: ${said}.`, { data });
}

/** A missing or wrong key is 401; the trading API has answered 403 too, there with a code or words of its own. */
function isBadKey(answer: HttpAnswer): boolean {
  if (answer.status === 401) return true;
  if (answer.status !== 403) return false;
  const { message, brokerCode } = brokerMessage(answer.body);
  return brokerCode === 40110000 || message === undefined || /^forbidden\.?$|unauthorized|access key/i.test(message ?? "");
}
