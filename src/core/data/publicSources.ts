/**
 * The public sources behind one port: which vendor answers what, with whose key, and which one steps in when the first fails.
 * A vendor whose key is set is asked itself; without a key, and on our own exchange, its simulated endpoints are.
 */
import { badInput, TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { PublicData, PublicKind, SourceClient, SourceClientOptions, SourceSettings, SourceStatus, VendorBars } from "../domain/ports.ts";
import { ALPHA_VANTAGE, alphaVantageRefusal, createAlphaVantage } from "./alphaVantage.ts";
import { createFinnhub, FINNHUB } from "./finnhub.ts";
import { createReddit, REDDIT, REDDIT_AGENT, redditRefusal } from "./reddit.ts";
import type { VendorName } from "./vendorAnswer.ts";
import { createYahoo, YAHOO, YAHOO_AGENT } from "./yahoo.ts";

export interface PublicSourcesOptions {
  readonly settings: SourceSettings;
  /** Makes clients; loaded with the first one. */
  readonly clients: () => Promise<{ make(options: SourceClientOptions): SourceClient }>;
  /** Whether prices come from our own exchange; known once it has answered. */
  readonly isSimulated: () => boolean;
  /** Where our own exchange serves, and the headers that let in. */
  readonly simulatedPlace: (signal: AbortSignal) => Promise<{ readonly address: string; readonly headers: Readonly<Record<string, string>> }>;
  readonly knownSymbols: (signal: AbortSignal) => Promise<ReadonlySet<string>>;
  readonly now: () => number;
  readonly log: Log;
}

type Name = "finnhub" | "alphavantage" | "reddit" | "yahoo";

const VENDORS: Readonly<Record<Name, VendorName>> = { finnhub: FINNHUB, alphavantage: ALPHA_VANTAGE, reddit: REDDIT, yahoo: YAHOO };
const NAMES = Object.keys(VENDORS) as readonly Name[];
/** Who is asked for what, in this order. */
const ASKED: Readonly<Record<PublicKind, readonly Name[]>> = {
  insiders: ["finnhub"],
  earnings: ["finnhub", "alphavantage"],
  company: ["finnhub", "alphavantage"],
  posts: ["reddit"],
};
/** What 100 trading days surely reach back. */
const COMPACT_MS = 130 * 86_400_000;
const NONE = { hits: 0, misses: 0, confirmed: 0, stale: 0 } as const;

export function createPublicSources(options: PublicSourcesOptions): PublicData & VendorBars {
  const { settings } = options;
  /** By the place that they ask: a session may move from one exchange to another. */
  const clients = new Map<string, SourceClient>();
  const isReal: Readonly<Record<Name, boolean>> = {
    finnhub: settings.finnhubKey !== undefined,
    alphavantage: settings.alphaVantageKey !== undefined,
    reddit: (settings.redditClientId !== undefined && settings.redditClientSecret !== undefined) || settings.redditPublic,
    yahoo: settings.yahoo,
  };
  const stateOf = (name: Name): SourceStatus["state"] => (isReal[name] ? "real" : options.isSimulated() ? "simulated" : "off");
  const clientOf = async (key: string, wanted: SourceClientOptions): Promise<SourceClient> => {
    const { make } = await options.clients();
    const known = clients.get(key) ?? make(wanted);
    clients.set(key, known);
    return known;
  };
  /** The real vendor's client, or the one of its simulated endpoints. */
  const open = async (
    name: Name,
    real: SourceClientOptions,
    simulatedHeaders: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<SourceClient> => {
    if (isReal[name]) return await clientOf(real.name, real);
    const place = await options.simulatedPlace(signal);
    const { judge, secretQuery } = real;
    return await clientOf(`${real.name} ${place.address}`, {
      name: real.name,
      address: `${place.address}/vendor/${name}`,
      headers: { ...place.headers, ...simulatedHeaders },
      ...(judge === undefined ? {} : { judge }),
      ...(secretQuery === undefined ? {} : { secretQuery: "apikey=simulated" }),
    });
  };

  const finnhub = async (signal: AbortSignal) => {
    const key = settings.finnhubKey ?? "";
    const real = { name: "finnhub", address: settings.finnhubUrl, headers: { "X-Finnhub-Token": key }, secrets: [key], requestsPerMinute: 60 };
    return createFinnhub(await open("finnhub", real, { "X-Finnhub-Token": "simulated" }, signal), { simulated: !isReal.finnhub });
  };
  const alphaVantage = async (signal: AbortSignal) => {
    const key = settings.alphaVantageKey ?? "";
    const real = {
      name: "alphavantage",
      address: settings.alphaVantageUrl,
      secretQuery: new URLSearchParams({ apikey: key }).toString(),
      secrets: [key],
      requestsPerMinute: 5,
      judge: alphaVantageRefusal,
    };
    return createAlphaVantage(await open("alphavantage", real, {}, signal), { simulated: !isReal.alphavantage });
  };
  let redditNow: { readonly client: SourceClient; readonly reddit: ReturnType<typeof createReddit> } | undefined;
  const reddit = async (signal: AbortSignal) => {
    const { redditClientId: id, redditClientSecret: secret, redditCommunities: communities } = settings;
    const agent = { "User-Agent": REDDIT_AGENT };
    const isPublic = isReal.reddit && (id === undefined || secret === undefined);
    const basic = { ...agent, Authorization: `Basic ${Buffer.from(`${id ?? "simulated"}:${secret ?? ""}`).toString("base64")}` };
    const client = await open(
      "reddit",
      isPublic
        ? { name: "reddit", address: settings.redditTokenUrl, headers: agent, requestsPerMinute: 10, judge: redditRefusal }
        : { name: "reddit", address: settings.redditUrl, headers: agent, requestsPerMinute: 60 },
      agent,
      signal,
    );
    if (redditNow?.client === client) return redditNow.reddit;
    const tokens = isPublic
      ? undefined
      : await open(
          "reddit",
          {
            name: "reddit-token",
            address: settings.redditTokenUrl,
            headers: basic,
            ...(secret === undefined ? {} : { secrets: [secret] }),
            requestsPerMinute: 10,
          },
          basic,
          signal,
        );
    redditNow = {
      client,
      reddit: createReddit({ client, ...(tokens === undefined ? {} : { tokens }), communities, simulated: !isReal.reddit, now: options.now }),
    };
    return redditNow.reddit;
  };

  /** Asks one vendor after the other until one answers; the first one's failure is what is told. */
  const firstOf = async <T>(kind: PublicKind, ask: Partial<Record<Name, () => Promise<T>>>, signal: AbortSignal): Promise<T> => {
    const asked = ASKED[kind].filter((name) => stateOf(name) !== "off");
    let failure: TradingError | undefined;
    for (const name of asked) {
      try {
        return await (ask[name] as () => Promise<T>)();
      } catch (error) {
        signal.throwIfAborted();
        failure ??= TradingError.from(error, "source-error");
        if (name !== asked.at(-1)) options.log.debug(`${VENDORS[name].title}: ${TradingError.from(error, "source-error").message}; the next source is asked.`);
      }
    }
    const missing = missingOf(kind);
    throw failure ?? new TradingError("no-key", missing?.reason ?? "no source", missing === undefined ? {} : { hint: missing.remedy });
  };
  const missingOf = (kind: PublicKind) => {
    const names = ASKED[kind];
    if (names.some((name) => stateOf(name) !== "off")) return undefined;
    return howToGet(names[0] as Name);
  };
  const howToGet = (first: Name) => {
    if (first === "yahoo")
      return { reason: "data.yahoo is off", remedy: "Yahoo's address is unofficial: turn data.yahoo on in your own settings if you want it" };
    if (first === "reddit" && settings.redditClientId !== undefined)
      return { reason: "no REDDIT_CLIENT_SECRET", remedy: `it stands beside the client id at ${REDDIT.keyPage}; set it in the environment` };
    const { keyName, keyPage } = VENDORS[first];
    return { reason: `no ${keyName}`, remedy: `get one at ${keyPage} and set it in the environment` };
  };

  return {
    missing: missingOf,
    insiders: (query, signal) => firstOf("insiders", { finnhub: async () => (await finnhub(signal)).insiders(query, signal) }, signal),
    earnings: (query, signal) =>
      firstOf(
        "earnings",
        {
          finnhub: async () => (await finnhub(signal)).earnings(query, signal),
          alphavantage: async () => (await alphaVantage(signal)).earnings(query, signal),
        },
        signal,
      ),
    company: (symbol, signal) =>
      firstOf(
        "company",
        {
          finnhub: async () => (await finnhub(signal)).company(symbol, signal),
          alphavantage: async () => (await alphaVantage(signal)).company(symbol, signal),
        },
        signal,
      ),
    posts: (limit, signal) => firstOf("posts", { reddit: async () => (await reddit(signal)).posts(limit, await options.knownSymbols(signal), signal) }, signal),
    dailyBars: async (vendor, symbol, range, signal) => {
      if (stateOf(vendor) === "off") {
        // Only an answer shows that an address is our own exchange's.
        const { reason, remedy } = howToGet(vendor);
        throw badInput("no-key", `${VENDORS[vendor].title} is not asked: ${reason}.`, `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`);
      }
      if (vendor === "yahoo") {
        const real = { name: "yahoo", address: settings.yahooUrl, headers: { "User-Agent": YAHOO_AGENT }, requestsPerMinute: 30 };
        return await createYahoo(await open("yahoo", real, {}, signal), { simulated: !isReal.yahoo }).dailyBars(symbol, range, signal);
      }
      const vantage = await alphaVantage(signal);
      const isLong = range.from < options.now() - COMPACT_MS;
      try {
        return await vantage.dailyBars(symbol, { full: isLong }, signal);
      } catch (error) {
        if (!isLong || !(error instanceof TradingError) || error.code !== "not-in-plan") throw error;
        options.log.warn("Alpha Vantage gives its whole history to paid keys only: the last 100 days are used.");
        return await vantage.dailyBars(symbol, { full: false }, signal);
      }
    },
    sources: () =>
      NAMES.map((name) => {
        const state = stateOf(name);
        const stats = [...clients].find(([key]) => key.split(" ", 1)[0] === name)?.[1].stats();
        return {
          name,
          state,
          missing: state === "off" ? howToGet(name) : null,
          breaker: stats?.breaker ?? "closed",
          openUntil: stats?.openUntil ?? null,
          requests: stats?.requests ?? 0,
          retries: stats?.retries ?? 0,
          cache: stats === undefined ? NONE : { hits: stats.hits, misses: stats.misses, confirmed: stats.confirmed, stale: stats.stale },
        };
      }),
    circuits: () =>
      Object.fromEntries(
        [...clients].map(([key, client]) => [key.split(" ", 1)[0] as string, client.stats().breaker] as const).filter(([name]) => name in VENDORS),
      ),
    get simulated() {
      return options.isSimulated();
    },
  };
}
