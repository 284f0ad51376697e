/** The session's measurements, served on loopback. */
import { join, resolve } from "node:path";
import type { Performance } from "./performance.ts";
import { startPerformanceApi } from "./performanceApi.ts";
import { readOrMakeToken } from "./token.ts";

/** What is served, and who closes it. */
export interface MeasuredSession {
  readonly home: string;
  readonly performance: Performance;
  onClose(closer: () => void | Promise<void>): () => void;
}

export interface PerformanceServer {
  readonly url: string;
  /** Null when the token is the environment's (QUANTDESK_TOKEN): then it is in no file. */
  readonly tokenFile: string | null;
  close(): Promise<void>;
}

/** Serves the session's measurements on loopback until it or the session is closed; the token is in a file for this user only. */
export async function servePerformance(
  session: MeasuredSession,
  options: { readonly port: number; readonly tokenFile?: string },
  signal: AbortSignal,
): Promise<PerformanceServer> {
  const tokenFile = resolve(options.tokenFile ?? join(session.home, "performance.token"));
  const { token, from } = await readOrMakeToken({ file: tokenFile, env: process.env });
  const api = await startPerformanceApi({ port: options.port, host: "127.0.0.1", token, source: session.performance.source }, signal);
  const forget = session.onClose(() => api.close());
  return {
    url: api.url,
    tokenFile: from === "environment" ? null : tokenFile,
    close: async () => {
      forget();
      await api.close();
    },
  };
}
