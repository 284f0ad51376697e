/** Broker keys in VS Code's secret storage, each pair bound to the origin it was entered for and sent to no other. */
import * as vscode from "vscode";
import * as v from "valibot";
import type { UserSetting } from "./settings.ts";

const KeyPair = v.object({ keyId: v.pipe(v.string(), v.minLength(1)), secretKey: v.pipe(v.string(), v.minLength(1)) });
export type KeyPair = v.InferOutput<typeof KeyPair>;

export const PAPER_ORIGIN = "https://paper-api.alpaca.markets";
export const LIVE_ORIGIN = "https://api.alpaca.markets";

/** What public data sources want, and where it is had. */
export const SOURCE_KEYS = [
  { name: "FINNHUB_API_KEY", title: "Finnhub: API key", page: "finnhub.io/register" },
  { name: "ALPHAVANTAGE_API_KEY", title: "Alpha Vantage: API key", page: "alphavantage.co/support/#api-key" },
  { name: "REDDIT_CLIENT_ID", title: "Reddit: client id", page: "reddit.com/prefs/apps" },
  { name: "REDDIT_CLIENT_SECRET", title: "Reddit: client secret", page: "reddit.com/prefs/apps" },
] as const;

/** The origin that the session's orders would go to, by the person's own settings; undefined for the embedded exchange. */
export function tradingOrigin(settings: readonly UserSetting[]): string | undefined {
  const valueOf = (key: string) => settings.find((setting) => setting.key === key)?.value;
  const mode = valueOf("broker.mode");
  if (mode === "embedded") return undefined;
  const base = valueOf("broker.baseUrl");
  if (typeof base === "string" && URL.canParse(base)) return new URL(base).origin;
  return mode === "live" ? LIVE_ORIGIN : PAPER_ORIGIN;
}

export class KeyRing {
  readonly #secrets: vscode.SecretStorage;

  constructor(secrets: vscode.SecretStorage) {
    this.#secrets = secrets;
  }

  /** With their origin: the session refuses to send them to another, whatever its other sources of settings say. */
  async keysFor(origin: string | undefined): Promise<(KeyPair & { readonly origin: string }) | undefined> {
    if (origin === undefined) return undefined;
    const text = await this.#secrets.get(nameOf(origin));
    if (text === undefined) return undefined;
    try {
      return { ...v.parse(KeyPair, JSON.parse(text)), origin };
    } catch {
      await this.#secrets.delete(nameOf(origin)); // not ours or damaged: as if there were none
      return undefined;
    }
  }

  store(origin: string, keys: KeyPair): Thenable<void> {
    return this.#secrets.store(nameOf(origin), JSON.stringify(keys));
  }

  forget(origin: string): Thenable<void> {
    return this.#secrets.delete(nameOf(origin));
  }

  /** Keys of public data sources, by the names of their environment variables. */
  async sourceKeys(): Promise<Readonly<Record<string, string>>> {
    const kept = await Promise.all(SOURCE_KEYS.map(async ({ name }) => [name, await this.#secrets.get(nameOf(name))] as const));
    return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  }

  storeSourceKey(name: string, value: string): Thenable<void> {
    return this.#secrets.store(nameOf(name), value);
  }

  forgetSourceKey(name: string): Thenable<void> {
    return this.#secrets.delete(nameOf(name));
  }

  onChange(listener: () => void): vscode.Disposable {
    return this.#secrets.onDidChange((event) => {
      if (event.key.startsWith("quantdesk.keys:")) listener();
    });
  }
}

function nameOf(origin: string): string {
  return `quantdesk.keys:${origin}`;
}
