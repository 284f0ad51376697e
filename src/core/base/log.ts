/** Log lines for people. Secrets never get this far: callers name things, never credentials. */
export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Log {
  debug(line: string): void;
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export function logTo(write: (level: LogLevel, line: string) => void): Log {
  return {
    debug: (line) => write("debug", line),
    info: (line) => write("info", line),
    warn: (line) => write("warn", line),
    error: (line) => write("error", line),
  };
}

/** The same line to several logs. */
export function teeLog(...logs: readonly Log[]): Log {
  return logTo((level, line) => {
    for (const log of logs) log[level](line);
  });
}

/** Whatever is in `secrets` is replaced before a line goes on: the last net below callers that should not say it. */
export function withoutSecrets(log: Log, secrets: () => readonly string[]): Log {
  return logTo((level, line) => log[level](secrets().reduce((text, secret) => (secret.length < 4 ? text : text.replaceAll(secret, "[secret]")), line)));
}
