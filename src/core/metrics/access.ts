/** Who may ask the performance API: only our own addresses, no page of another site, and whoever has the token. */
import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { sha256 } from "../base/canonical.ts";
import { TradingError } from "../base/errors.ts";
import { TOKEN_PROTOCOL } from "./apiNames.ts";

export interface Access {
  /** SHA-256 of the token, hex. */
  readonly tokenSha256: string;
  /** The addresses under which the server may be called, as host:port; known once it listens. */
  readonly ownHosts: () => ReadonlySet<string>;
}

/** Why a request is not served, whatever its token; undefined when it may be. */
export function wrongPlace(headers: IncomingHttpHeaders, { ownHosts }: Access): TradingError | undefined {
  const own = ownHosts();
  // A web page can make a browser send requests here under a name of its own (DNS rebinding): only our own addresses count.
  if (!own.has((headers.host ?? "").toLowerCase()))
    return new TradingError("wrong-host", "The Host header does not name this server.", { hint: `Call it as ${[...own].join(" or ")}.` });
  const { origin } = headers;
  if (origin !== undefined && !own.has(origin.toLowerCase().replace(/^http:\/\//, "")))
    return new TradingError("wrong-origin", "Requests from other web pages are not served.");
  return undefined;
}

/** As `wrongPlace`, and without the token. `tokens` are those that the request presents. */
export function refusal(headers: IncomingHttpHeaders, access: Access, tokens = bearerTokens(headers)): TradingError | undefined {
  const refused = wrongPlace(headers, access);
  if (refused !== undefined) return refused;
  const expected = Buffer.from(access.tokenSha256);
  // Digests of one length are compared, so that the time taken tells nothing about the token.
  if (tokens.some((token) => timingSafeEqual(Buffer.from(sha256(token)), expected))) return undefined;
  return new TradingError("unauthorized", "The token is missing or wrong.", { hint: "Send it as Authorization: Bearer TOKEN; it is in the token file." });
}

/** Of the Authorization header. */
export function bearerTokens(headers: IncomingHttpHeaders): readonly string[] {
  const presented = /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
  return presented === undefined ? [] : [presented];
}

/** Of the subprotocols that a WebSocket's opening offers, as they are and decoded. */
export function protocolTokens(headers: IncomingHttpHeaders): readonly string[] {
  return (headers["sec-websocket-protocol"] ?? "")
    .split(",", 10)
    .map((name) => name.trim())
    .filter((name) => name.startsWith(TOKEN_PROTOCOL))
    .flatMap((name) => {
      const text = name.slice(TOKEN_PROTOCOL.length);
      return [text, Buffer.from(text, "base64url").toString("utf8")];
    });
}
