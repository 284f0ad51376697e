/** The body of an answer: JSON (or the text that was asked for), or an error that says what came instead. */
import { TradingError } from "../base/errors.ts";

/**
 * Undefined for an empty body. Errors that are not JSON (a proxy's page) count as empty: their status says enough.
 * A success that is not JSON, and a redirect, are errors: nothing that we asked for came back. "Not modified" has no body.
 */
export function readBody(
  text: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  request: { readonly host: string; readonly method: string; readonly path: string; readonly as?: "json" | "text" },
): unknown {
  if (status === 304) return undefined;
  if (status >= 300 && status < 400) {
    throw new TradingError(
      "redirected",
      `${request.host} redirects ${request.method} ${request.path.split("?")[0]} elsewhere, which is not followed: keys are sent to their own address only.`,
      {
        hint: "Give the final address.",
        data: { sent: true, status },
      },
    );
  }
  if (request.as === "text") return text;
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (status >= 400) return undefined;
    const encoding = headers["content-encoding"];
    const what = `${headers["content-type"] ?? "text"}${encoding === undefined ? "" : ` packed as ${encoding}, which was not asked for,`}`;
    throw new TradingError(
      "bad-answer",
      `${request.host} answered ${request.method} ${request.path.split("?")[0]} with ${what} that is not JSON (status ${status}).`,
      {
        hint: "Is that the address of the API?",
        cause: error,
        data: { sent: true, status },
      },
    );
  }
}
