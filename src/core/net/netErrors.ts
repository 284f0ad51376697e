/** What a failed connection means, as one sentence. `data.sent` is false where no byte of the request can have left. */
import { TradingError } from "../base/errors.ts";

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name cannot be looked up",
  EHOSTUNREACH: "no route to it",
  ENETUNREACH: "no network",
  EADDRNOTAVAIL: "no network",
  UND_ERR_CONNECT_TIMEOUT: "no answer to the connection attempt",
  ETIMEDOUT: "no answer to the connection attempt",
};

const LOST: Readonly<Record<string, string>> = {
  ECONNRESET: "connection reset",
  EPIPE: "connection closed",
  ETIMEDOUT: "nothing comes from the other side any more",
  EHOSTUNREACH: "there is no route to it any more",
  ENETUNREACH: "the network is gone",
  UND_ERR_SOCKET: "connection closed before the answer was complete",
  HPE_INVALID_CONSTANT: "the answer is not HTTP",
};

const LOOPBACK = /^(localhost|127\.|\[::1\])/;

/** `begun`: the request was being written. Before that, nothing of it can have left. */
export function networkError(error: unknown, host: string, begun: boolean): TradingError {
  if (error instanceof TradingError) return error;
  const code = errorCode(error);
  const hint = LOOPBACK.test(host) ? "Is the exchange running there? `quantdesk paper` starts one." : "Check the network and the address; then try again.";
  const unreachable = UNREACHABLE[code];
  if (unreachable !== undefined && !begun) {
    return new TradingError("network-unreachable", `Cannot reach ${host}: ${unreachable}.`, { hint, cause: error, data: { sent: false, retry: true } });
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) {
    const why = code === "ERR_SSL_WRONG_VERSION_NUMBER" ? "it does not speak TLS" : `no TLS connection can be made with it (${code})`;
    return new TradingError("network-unreachable", `Cannot reach ${host}: ${why}.`, {
      hint: "Check the address: is it https where it should be http?",
      cause: error,
      data: { sent: begun, retry: false },
    });
  }
  if (code.startsWith("ERR_TLS") || code.includes("CERT") || code.includes("SELF_SIGNED") || code === "UNABLE_TO_VERIFY_LEAF_SIGNATURE") {
    return new TradingError("bad-certificate", `Cannot reach ${host}: its certificate is not accepted (${code}).`, {
      hint: "Check the address; for an exchange with a certificate of its own, give that certificate.",
      cause: error,
      data: { sent: false, retry: false },
    });
  }
  const lost = LOST[code] ?? (error instanceof Error ? error.message : String(error)).replace(/\.?\s*$/, "");
  if (!begun) {
    return new TradingError("network-unreachable", `Cannot reach ${host}: ${lost}.`, { hint, cause: error, data: { sent: false, retry: true } });
  }
  return new TradingError("connection-lost", `The connection to ${host} failed: ${lost}.`, { hint, cause: error, data: { sent: true, retry: true } });
}

/** The code of the first cause that has one; a connection tried over several addresses fails with an AggregateError. */
function errorCode(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = (at as { code?: unknown }).code ?? (at as { errors?: ReadonlyArray<{ code?: unknown }> }).errors?.[0]?.code;
    if (typeof code === "string") return code;
  }
  return "";
}
