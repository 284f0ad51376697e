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
}

export interface Venue {
  readonly mode: TradingMode;
  /** Absent for the embedded exchange, which tells its own. */
  readonly addresses?: { readonly tradingUrl: string; readonly dataUrl: string; readonly streamUrl: string };
}

const PAPER_HOST = "paper-api.alpaca.markets";
const LIVE_HOST = "api.alpaca.markets";
const DATA_URL = "https://data.alpaca.markets";

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
  const isAlpaca = new URL(tradingUrl).hostname.endsWith(".alpaca.markets");
  const dataUrl = config["data.baseUrl"] === "" ? (isAlpaca ? DATA_URL : tradingUrl) : originOf(config["data.baseUrl"], "data.baseUrl");
  return { mode: live ? "live" : "paper", addresses: { tradingUrl, dataUrl, streamUrl: `${tradingUrl.replace(/^http/, "ws")}/stream` } };
}

function refuseLiveByAccident(wanted: TradingMode, base: string, keys: Keys | undefined): void {
  const refuse = (what: string) => new TradingError("live-not-confirmed", `${what}, but live trading was not asked for.`, { kind: "refused", hint: "Add --live to this very command if real money is meant." });
  if (wanted === "live") throw refuse("broker.mode is live");
  if (base !== "" && new URL(originOf(base, "broker.baseUrl")).hostname === LIVE_HOST) throw refuse(`The broker's address is ${LIVE_HOST}`);
  if (keys !== undefined && keys.keyId.startsWith("AK")) throw refuse("The key is a live key");
}

/** The origin of an address; a trailing /v2 is dropped, since older clients' variables carry it. */
function originOf(address: string, name: string): string {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw badInput("bad-setting", `${name} is "${address}", which is not an address.`, "Write it like https://paper-api.alpaca.markets.");
  }
  const isLoopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback)) {
    throw badInput("bad-setting", `${name} is ${url.protocol}//${url.host}; keys are sent over https only, except to this machine.`);
  }
  if (url.username !== "" || url.password !== "") throw badInput("bad-setting", `${name} must not carry credentials.`);
  return url.origin;
}
