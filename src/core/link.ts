/** The composition root's outward half: broker, market data and public sources of one session, opened by whoever needs them first. */
import { join } from "node:path";
import { FlightCache } from "./base/flightCache.ts";
import { sha256 } from "./base/canonical.ts";
import { systemClock } from "./base/clock.ts";
import { TradingError } from "./base/errors.ts";
import type { Log } from "./base/log.ts";
import { abortable, type Scope } from "./base/scope.ts";
import { createBroker } from "./broker/broker.ts";
import { createLazyBroker } from "./broker/lazyBroker.ts";
import { ceilingsOf } from "./config/ceilings.ts";
import { sourceSettings } from "./config/publicSources.ts";
import type { Config, ConfigSource, SettingKey } from "./config/schema.ts";
import type { chooseVenue, Keys } from "./config/venue.ts";
import { createAlpacaData } from "./data/alpacaData.ts";
import { BarCache } from "./data/barCache.ts";
import { createLazyData } from "./data/lazyData.ts";
import { createPublicSources } from "./data/publicSources.ts";
import { createSymbolBars } from "./data/symbolBars.ts";
import type { Broker, Endpoint, MarketData, PoolStats, Store } from "./domain/ports.ts";
import { findOrStartExchange } from "./exchange/embedded.ts";

/** Most that one session opens to the broker's trading address, and to its data; they open as they are needed. */
const CONNECTIONS = 10;

export interface LinkParts {
  readonly options: {
    readonly front: string;
    readonly sourceKeys?: Readonly<Record<string, string>>;
    readonly ownExchange?: boolean;
    readonly seed?: number;
  };
  readonly sources: Readonly<Record<SettingKey, ConfigSource>>;
  readonly venue: ReturnType<typeof chooseVenue>;
  readonly keys: Keys | undefined;
  readonly home: string;
  readonly config: Config;
  readonly log: Log;
  readonly scope: Scope;
  readonly store: Store;
  readonly secrets: string[];
}

/** Broker and market data at one exchange, found (or started) by whoever needs it first. */
export function createLink(parts: LinkParts) {
  const { config, log, scope, store, venue } = parts;
  const isEmbedded = venue.mode === "embedded";
  interface Live {
    readonly endpoint: Endpoint;
    readonly broker: Broker;
    readonly data: MarketData;
    readonly dataCircuit: () => PoolStats["breaker"];
    readonly lifetime: Scope;
  }
  let live: Promise<Live> | undefined;
  let opened: Live | undefined;
  let sourceClients: ReturnType<typeof openSourceClients> | undefined;
  const leave = async (): Promise<void> => {
    const current = live;
    live = undefined;
    await broker.forget();
    await (await current?.catch(() => undefined))?.lifetime.close();
  };
  const open = async (): Promise<Live> => {
    const lifetime = scope.child({ name: "The exchange link" });
    try {
      const endpoint = await findEndpoint(parts, lifetime, () => {
        log.warn("The built-in exchange has ended; the next use starts it again.");
        leave().catch((error: unknown) => log.warn(`The link to it did not close cleanly: ${TradingError.from(error, "failed").message}`));
      });
      // Loaded here: its library takes longer to load than a command that needs no exchange takes in all.
      const { createHttpClient } = await import("./net/httpClient.ts");
      const requestsPerMinute = config["broker.requestsPerMinute"];
      const isDefaultRate = parts.sources["broker.requestsPerMinute"] === "default";
      const isOwnDefault = isDefaultRate && isEmbedded; // the limit is Alpaca's: the built-in exchange has none
      const client = (origin: string, connections: number) => {
        const http = createHttpClient({
          origin,
          headers: { "APCA-API-KEY-ID": endpoint.keyId, "APCA-API-SECRET-KEY": endpoint.secretKey },
          connections,
          timeoutMs: config["broker.timeoutSeconds"] * 1000,
          retries: config["broker.retries"],
          backoffMs: config["broker.backoffSeconds"] * 1000,
          ...(isOwnDefault ? {} : { requestsPerMinute, bucket: store.requestBucket(`${sha256(endpoint.keyId).slice(0, 16)} ${origin}`, requestsPerMinute) }),
          isDefaultRate,
          log,
        });
        lifetime.onClose(() => http.close());
        return http;
      };
      const trading = client(endpoint.tradingUrl, CONNECTIONS);
      const dataHttp = client(endpoint.dataUrl, CONNECTIONS);
      const limits = { ...ceilingsOf(config), duplicateWindowSeconds: config["risk.duplicateWindowSeconds"] };
      return {
        endpoint,
        lifetime,
        dataCircuit: () => dataHttp.stats().breaker,
        data: createAlpacaData({ http: dataHttp, trading, feed: config["data.feed"], adjustment: config["data.adjustment"], simulated: isEmbedded, log }),
        broker: createBroker({
          endpoint,
          trading,
          data: dataHttp,
          journal: store.journal,
          limits,
          log,
          clock: systemClock,
          scope: lifetime,
          simulated: isEmbedded,
          logLocks: config["broker.logLocks"],
        }),
      };
    } catch (error) {
      await lifetime.close();
      throw error;
    }
  };
  const get = (): Promise<Live> => {
    live ??= open().then(
      (made) => (opened = made),
      (error: unknown) => {
        live = undefined; // the next caller may try again
        throw error;
      },
    );
    return live;
  };
  const broker = createLazyBroker(venue.mode, async () => (await get()).broker);
  const data = createLazyData(
    () => isEmbedded || opened?.data.simulated === true,
    async () => (await get()).data,
  );
  const tradable = new FlightCache({ capacity: 1, ttlMs: 3_600_000, deadlineMs: 60_000, now: () => performance.now() });
  const publicData = createPublicSources({
    // The demo stays on the built-in exchange, whatever keys there are.
    settings: sourceSettings(config, parts.options.front === "demo" ? {} : { ...process.env, ...parts.options.sourceKeys }),
    clients: async () => (sourceClients ??= openSourceClients(parts)),
    isSimulated: () => data.simulated,
    simulatedPlace: async (signal) => {
      const { dataUrl, keyId, secretKey } = (await abortable(get(), signal)).endpoint;
      return { address: dataUrl, headers: { "APCA-API-KEY-ID": keyId, "APCA-API-SECRET-KEY": secretKey } };
    },
    knownSymbols: async (signal) => {
      const assets = await tradable.get("assets", signal, (own) => data.assets(own));
      return new Set(assets.value.filter((asset) => asset.tradable).map(({ symbol }) => symbol));
    },
    now: () => systemClock.now(),
    log,
  });
  const symbols = createSymbolBars({
    data,
    vendorBars: publicData,
    feed: config["data.feed"],
    adjustment: config["data.adjustment"],
    origin: `${venue.mode} ${venue.addresses?.dataUrl ?? ""}`,
    cache: new BarCache(join(parts.home, "bars"), log),
    now: () => systemClock.now(),
  });
  scope.onClose(() => broker.disconnect());
  return {
    broker,
    data,
    publicData,
    symbols,
    /** Of the market data, once it was asked for. */
    circuits: (): Readonly<Record<string, PoolStats["breaker"]>> => (opened === undefined ? {} : { "market-data": opened.dataCircuit() }),
    disconnect: leave,
  };
}

/** Loaded with the first question to a public source, as the client of the exchange is. */
async function openSourceClients({ config, scope, log }: LinkParts) {
  const { createSourceClients } = await import("./net/sourceClients.ts");
  const clients = createSourceClients({
    timeoutMs: config["broker.timeoutSeconds"] * 1000,
    retries: config["broker.retries"],
    backoffMs: config["broker.backoffSeconds"] * 1000,
    log,
    clock: systemClock,
  });
  scope.onClose(() => clients.close());
  return clients;
}

async function findEndpoint(parts: LinkParts, lifetime: Scope, onGone: () => void): Promise<Endpoint> {
  const { venue, keys } = parts;
  if (venue.addresses !== undefined) return { mode: venue.mode, ...venue.addresses, ...(keys as Keys) };
  const exchange = await findOrStartExchange(
    { home: parts.home, own: parts.options.ownExchange === true, ...(parts.options.seed === undefined ? {} : { seed: parts.options.seed }) },
    lifetime.signal,
  );
  lifetime.onClose(() => exchange.release());
  void exchange.ended.then(() => {
    if (!lifetime.signal.aborted) onGone();
  });
  parts.secrets.push(exchange.endpoint.secretKey);
  return exchange.endpoint;
}
