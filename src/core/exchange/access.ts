/** Who may ask: loopback names in the Host header, a known key and its secret, so many requests a minute. */
import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ApiError } from "./apiError.ts";
import type { AccountState } from "./ledger.ts";

/** True for the names of this machine itself; keeps web pages that rebind a name of theirs to 127.0.0.1 out. */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return name === "localhost" || name === "[::1]" || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** No page of another origin: browsers send Origin with what a page asks, and let it open WebSockets to anybody. Programs send none, or our own. */
export function isOwnPage({ origin, host }: IncomingHttpHeaders): boolean {
  return (
    origin === undefined || (host !== undefined && /^https?:\/\//i.test(origin) && origin.replace(/^https?:\/\//i, "").toLowerCase() === host.toLowerCase())
  );
}

export function authorize(accounts: readonly AccountState[], keyId: unknown, secretKey: unknown): AccountState | undefined {
  if (typeof keyId !== "string" || typeof secretKey !== "string") return undefined;
  const account = accounts.find((one) => one.record.keyId === keyId);
  return account !== undefined && equalSecrets(Buffer.from(account.record.secretKey), secretKey) ? account : undefined;
}

/** The same for every request: keys are looked up, and read once. */
export class KeyRing {
  readonly #known: ReadonlyMap<string, { readonly account: AccountState; readonly secret: Buffer }>;

  constructor(accounts: readonly AccountState[]) {
    this.#known = new Map(accounts.map((account) => [account.record.keyId, { account, secret: Buffer.from(account.record.secretKey) }]));
  }

  authorize(headers: IncomingHttpHeaders): AccountState | undefined {
    const [keyId, secret] = [headers["apca-api-key-id"], headers["apca-api-secret-key"]];
    const known = typeof keyId === "string" ? this.#known.get(keyId) : undefined;
    return known !== undefined && typeof secret === "string" && equalSecrets(known.secret, secret) ? known.account : undefined;
  }
}

/** In a time that does not tell where they differ; all secrets have one length. */
function equalSecrets(known: Buffer, given: string): boolean {
  const bytes = Buffer.from(given);
  return bytes.length === known.length && timingSafeEqual(bytes, known);
}

interface Window {
  readonly endsAt: number;
  used: number;
}

/** Requests per key and wall-clock minute; answers the headers that tell. */
export class RateLimit {
  readonly #perMinute: number | null;
  readonly #windows = new Map<string, Window>();

  constructor(perMinute: number | null) {
    this.#perMinute = perMinute;
  }

  /** Counts one request. Throws 429 beyond the limit; the headers are set either way. */
  take(key: string, setHeader: (name: string, value: string) => void): void {
    if (this.#perMinute === null) return;
    const now = Date.now();
    let window = this.#windows.get(key);
    if (window === undefined || now >= window.endsAt) {
      window = { endsAt: now + 60_000, used: 0 };
      this.#windows.set(key, window);
    }
    window.used++;
    setHeader("X-RateLimit-Limit", String(this.#perMinute));
    setHeader("X-RateLimit-Remaining", String(Math.max(0, this.#perMinute - window.used)));
    setHeader("X-RateLimit-Reset", String(Math.ceil(window.endsAt / 1000)));
    if (window.used > this.#perMinute) throw new ApiError(429, "too many requests.", 42_910_000);
  }
}

/** Streams of market data that a key may have at one address at a time. */
export class StreamLimit {
  readonly #most: number | null;
  readonly #open = new Map<string, number>();

  constructor(most: number | null) {
    this.#most = most;
  }

  /** Takes a place; answers how to give it back, undefined when there is none left. */
  enter(key: string, feed: string): (() => void) | undefined {
    const name = `${feed} ${key}`;
    const open = this.#open.get(name) ?? 0;
    if (this.#most !== null && open >= this.#most) return undefined;
    this.#open.set(name, open + 1);
    return () => this.#open.set(name, (this.#open.get(name) as number) - 1);
  }
}
