/**
 * Which exchange a session trades at. Without keys the embedded one; with keys Alpaca paper; live only when the one
 * who asks said so on that very command, and never by a missing setting.
 */
import { TradingError, badInput } from "../base/errors.ts";
import type { TradingMode } from "../domain/orders.ts";
import type { Config, ConfigSource, SettingKey } from "./schema.ts";

export interface Keys {
  readonly keyId: string;
  readonly secretKey: string;
  /** The origin that they were entered for, when it was kept with them: they go to no other. */
  readonly origin?: string;
}

export interface Venue {
  readonly mode: TradingMode;
  /** Absent for the embedded exchange, which tells its own. */
  readonly addresses?: { readonly tradingUrl: string; readonly dataUrl: string; readonly streamUrl: string };
}

const PAPER_HOST = "paper-api.alpaca.markets";
const LIVE_HOST = "api.alpaca.markets";
const DATA_HOST = "data.alpaca.markets";

export function chooseVenue(config: Config, sources: Readonly<Record<SettingKey, ConfigSource>>, keys: Keys | undefined, live: boolean): Venue {
  const wanted = config["broker.mode"] as TradingMode;
  const base = config["broker.baseUrl"];
  const chosen = sources["broker.mode"] !== "default";
  if (live && keys === undefined) throw badInput("no-keys", "--live needs Alpaca keys.", "Set APCA_API_KEY_ID and APCA_API_SECRET_KEY.");
  if (!live) refuseLiveByAccident(wanted, base, keys);
  if (chosen && wanted === "embedded" && !live) return { mode: "embedded" };
  if (keys === undefined) {
    if (wanted === "embedded") return { mode: "embedded" };
    throw badInput("no-keys", `broker.mode is ${wanted}, but there are no keys.`, "Set APCA_API_KEY_ID and APCA_API_SECRET_KEY, or use broker.mode embedded.");
  }
  const tradingUrl = base === "" ? `https://${live ? LIVE_HOST : PAPER_HOST}` : originOf(base, "broker.baseUrl");
  if (live && new URL(tradingUrl).hostname === PAPER_HOST) {
    throw badInput("not-live", `--live is given, but broker.baseUrl is ${PAPER_HOST}, where nothing is live.`, "Leave out --live, or clear broker.baseUrl.");
  }
  const dataUrl =
    config["data.baseUrl"] === "" ? (isAlpaca(tradingUrl) ? `https://${DATA_HOST}` : tradingUrl) : originOf(config["data.baseUrl"], "data.baseUrl");
  keepToOrigin(keys, tradingUrl, dataUrl);
  return { mode: live ? "live" : "paper", addresses: { tradingUrl, dataUrl, streamUrl: `${tradingUrl.replace(/^http/, "ws")}/stream` } };
}

/** Every host of Alpaca's that takes orders and is not the paper one counts as live: one that we do not know may be. */
function refuseLiveByAccident(wanted: TradingMode, base: string, keys: Keys | undefined): void {
  const refuse = (what: string) =>
    new TradingError("live-not-confirmed", `${what}, but live trading was not asked for.`, {
      kind: "refused",
      hint: "If real money is meant, add --live to buy, sell, cancel or whatever reads the account; demo and run never trade live.",
    });
  if (wanted === "live") throw refuse("broker.mode is live");
  if (base !== "") {
    const origin = originOf(base, "broker.baseUrl");
    if (isAlpaca(origin) && new URL(origin).hostname !== PAPER_HOST) throw refuse(`The broker's address is ${new URL(origin).hostname}`);
  }
  if (keys !== undefined && /^AK/i.test(keys.keyId)) throw refuse("The key is a live key");
}

function isAlpaca(origin: string): boolean {
  return /(^|\.)alpaca\.markets$/.test(new URL(origin).hostname);
}

/** Keys that were entered for one origin go there, to Alpaca's data when that origin is Alpaca's, and nowhere else. */
function keepToOrigin({ origin }: Keys, tradingUrl: string, dataUrl: string): void {
  if (origin === undefined) return;
  const other = tradingUrl !== origin ? tradingUrl : dataUrl === origin || (isAlpaca(origin) && new URL(dataUrl).hostname === DATA_HOST) ? undefined : dataUrl;
  if (other === undefined) return;
  throw new TradingError("keys-of-another-origin", `The keys were entered for ${origin} and are not sent to ${other}.`, {
    kind: "refused",
    hint: "Enter keys for that address, or clear broker.baseUrl and data.baseUrl (in the settings, and APCA_API_BASE_URL and APCA_API_DATA_URL in the environment).",
  });
}

/** The origin of an address; a trailing /v2 is dropped, since older clients' variables carry it. */
export function originOf(address: string, name: string): string {
  const hint = "Write it like https://paper-api.alpaca.markets.";
  // What is no address may still hold a password: it is not shown.
  if (!URL.canParse(address))
    throw badInput("bad-setting", address.includes("@") ? `${name} is not an address.` : `${name} is "${address}", which is not an address.`, hint);
  const url = new URL(address);
  if (url.username !== "" || url.password !== "") throw badInput("bad-setting", `${name} must not carry credentials.`, hint);
  const isLoopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback)) {
    throw badInput("bad-setting", `${name} is ${url.protocol}//${url.host}; keys are sent over https only, except to this machine.`, hint);
  }
  // "api.alpaca.markets." is the same host as "api.alpaca.markets" to a resolver, and another to whoever compares texts.
  if (url.hostname.endsWith(".")) throw badInput("bad-setting", `${name} is ${url.host}; a host name does not end in a dot here.`, hint);
  if (!/^\/(v2\/?)?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    throw badInput("bad-setting", `${name} has more than a scheme, a host and a port.`, hint);
  }
  return url.origin;
}
