/**
 * config: one table of every setting; files, environment, VS Code and flags are checked against it.
 * Imports base. Knows nothing of VS Code: the manifest is compared with this table by a test.
 */
import { SCANNER_SETTINGS } from "./scannerSettings.ts";

export type SettingValue = string | number | boolean | readonly string[] | null;

export interface SettingSpec {
  readonly key: string;
  readonly type: "string" | "number" | "integer" | "boolean" | "strings";
  readonly default: SettingValue;
  readonly description: string;
  readonly env?: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Never read from a workspace: endpoints, live mode, tokens, switches that let something out. */
  readonly userOnly?: true;
  /** A risk limit, or money: a workspace may only make it smaller. */
  readonly tightenOnly?: true;
}

export const SETTINGS = [
  {
    key: "broker.mode",
    type: "string",
    default: "embedded",
    choices: ["embedded", "paper", "live"],
    userOnly: true,
    description: "Which exchange orders go to: the built-in simulated one, Alpaca paper, or Alpaca live. Live also asks for a confirmation on every order.",
  },
  {
    key: "broker.baseUrl",
    type: "string",
    default: "",
    env: "APCA_API_BASE_URL",
    userOnly: true,
    description: "Base address of the trading API, without /v2. Empty: Alpaca's own for the chosen mode.",
  },
  { key: "broker.timeoutSeconds", type: "number", default: 10, min: 0.1, max: 300, description: "Seconds that one broker call may take, retries included." },
  { key: "broker.retries", type: "integer", default: 3, min: 0, max: 10, description: "How often a read or a cancel is tried again." },
  {
    key: "broker.backoffSeconds",
    type: "number",
    default: 0.5,
    min: 0,
    max: 60,
    description: "Seconds before the first retry; doubles each time, with jitter.",
  },
  {
    key: "broker.requestsPerMinute",
    type: "integer",
    default: 200,
    min: 1,
    max: 100000,
    description: "Requests a minute that the broker allows for one account.",
  },
  {
    key: "data.baseUrl",
    type: "string",
    default: "",
    env: "APCA_API_DATA_URL",
    userOnly: true,
    description: "Base address of the market data API, without /v2.",
  },
  { key: "data.feed", type: "string", default: "iex", choices: ["iex", "sip"], description: "Market data feed." },
  {
    key: "data.adjustment",
    type: "string",
    default: "all",
    choices: ["raw", "split", "dividend", "all"],
    description: "How bars are adjusted for corporate actions.",
  },
  {
    key: "data.finnhubUrl",
    type: "string",
    default: "",
    env: "FINNHUB_BASE_URL",
    userOnly: true,
    description: "Address of the Finnhub API. Empty: https://finnhub.io.",
  },
  {
    key: "data.alphaVantageUrl",
    type: "string",
    default: "",
    env: "ALPHAVANTAGE_BASE_URL",
    userOnly: true,
    description: "Address of the Alpha Vantage API. Empty: https://www.alphavantage.co.",
  },
  {
    key: "data.redditUrl",
    type: "string",
    default: "",
    env: "REDDIT_BASE_URL",
    userOnly: true,
    description: "Address of the Reddit API, for tokens and listings. Empty: Reddit's own.",
  },
  {
    key: "data.redditPublic",
    type: "boolean",
    default: false,
    userOnly: true,
    description: "Without a Reddit client id, read the public listing, which Reddit often refuses.",
  },
  {
    key: "data.redditCommunities",
    type: "strings",
    default: ["wallstreetbets", "stocks", "investing"],
    description: "Reddit communities that are read for posts about stocks.",
  },
  {
    key: "data.yahoo",
    type: "boolean",
    default: false,
    userOnly: true,
    description: "Let yahoo:SYMBOL read daily bars from Yahoo Finance's unofficial address, for personal use.",
  },
  { key: "scanners.concurrent", type: "boolean", default: true, description: "Run scanners at the same time." },
  { key: "scanners.maxWorkers", type: "integer", default: 8, min: 1, max: 64, description: "How many scanners run at once." },
  { key: "scanners.timeoutSeconds", type: "number", default: 30, min: 0.01, max: 3600, description: "Seconds that one scanner may take, from its own start." },
  ...SCANNER_SETTINGS,
  {
    key: "backtest.workers",
    type: "integer",
    default: 4,
    min: 1,
    max: 64,
    description: "At most this many backtests at once; by default as many as there are cores, up to it.",
  },
  { key: "backtest.timeoutSeconds", type: "number", default: 30, min: 0.01, max: 86400, description: "Seconds that one backtest may take." },
  { key: "backtest.engine", type: "string", default: "auto", choices: ["auto", "event", "vector", "simple"], description: "Backtest engine." },
  { key: "research.fast", type: "boolean", default: true, description: "Run the research cycle's backtests in parallel." },
  { key: "research.maxBacktestsPerCycle", type: "integer", default: 20, min: 1, max: 1000, description: "Backtests in one research cycle." },
  { key: "research.actionTimeoutSeconds", type: "number", default: 300, min: 1, max: 86400, description: "Seconds that one research action may take." },
  {
    key: "analysts.provider",
    type: "string",
    default: "rules",
    choices: ["rules", "openai", "vscode"],
    description: "Who the analysts are: deterministic rules, an OpenAI-compatible endpoint, or VS Code's language models.",
  },
  { key: "analysts.baseUrl", type: "string", default: "", env: "OPENAI_BASE_URL", userOnly: true, description: "Address of the OpenAI-compatible endpoint." },
  { key: "analysts.model", type: "string", default: "", description: "Model name for the analysts." },
  { key: "analysts.selected", type: "strings", default: ["market", "technical", "news"], description: "Which analysts judge a symbol." },
  { key: "analysts.budget", type: "number", default: 1, min: 0, max: 1000, tightenOnly: true, description: "US dollars that one analysis may cost." },
  { key: "analysts.trace.langsmith", type: "boolean", default: false, userOnly: true, description: "Send traces to LangSmith." },
  {
    key: "features.workers",
    type: "integer",
    default: 8,
    min: 1,
    max: 64,
    env: "ASYNC_FEATURES_WORKERS",
    description: "At most this many feature workers; by default as many as there are cores, up to it.",
  },
  {
    key: "features.useProcessPool",
    type: "boolean",
    default: false,
    env: "ASYNC_FEATURES_USE_PROCESS_POOL",
    description: "Compute features in child processes instead of threads.",
  },
  {
    key: "features.queueSize",
    type: "integer",
    default: 1000,
    min: 1,
    max: 1000000,
    env: "ASYNC_FEATURES_QUEUE_SIZE",
    description: "Feature requests that may wait.",
  },
  {
    key: "dashboard.refreshSeconds",
    type: "number",
    default: 2,
    min: 0.5,
    max: 3600,
    description: "Seconds between refreshes of the dashboard; changes are pushed at once as well.",
  },
  {
    key: "kernel.typeErrors",
    type: "string",
    default: "refuse",
    choices: ["refuse", "show"],
    description: "What a type error in a notebook's cell means: refuse does not run the cell, show says what is wrong and runs it all the same.",
  },
  {
    key: "kernel.restricted",
    type: "boolean",
    default: false,
    userOnly: true,
    description:
      "Run cells under Node's permission model: they may read files, write only below the notebook's folder, and start no process and no native add-on. It does not cover the network: a cell can still send what it reads. Takes effect when a notebook's kernel starts.",
  },
  { key: "risk.maxOrderValue", type: "number", default: 10000, min: 0, tightenOnly: true, description: "Largest value of one order, in US dollars." },
  {
    key: "risk.maxPositionValue",
    type: "number",
    default: 50000,
    min: 0,
    tightenOnly: true,
    description: "Largest value of one position after an order, in US dollars.",
  },
  { key: "risk.maxOrdersPerMinute", type: "integer", default: 30, min: 0, tightenOnly: true, description: "Orders that may be sent in a minute." },
  {
    key: "risk.maxDailyLoss",
    type: "number",
    default: null,
    min: 0,
    tightenOnly: true,
    description: "Loss since the last close, in US dollars, from which no opening order is sent. Empty: no limit.",
  },
  { key: "risk.symbols", type: "strings", default: [], tightenOnly: true, description: "Symbols that may be traded. Empty: all." },
  {
    key: "risk.duplicateWindowSeconds",
    type: "number",
    default: 5,
    min: 0,
    max: 3600,
    userOnly: true,
    description: "An equal order within this many seconds is refused unless asked for again.",
  },
  {
    key: "broker.logLocks",
    type: "boolean",
    default: false,
    description: "Write each wait for the broker's lock, and how long it was held, into the debug log.",
  },
] as const satisfies readonly SettingSpec[];

export type SettingKey = (typeof SETTINGS)[number]["key"];

type Widen<S> = S extends { type: "strings" }
  ? readonly string[]
  : S extends { type: "boolean" }
    ? boolean
    : S extends { type: "number" | "integer"; default: null }
      ? number | null
      : S extends { type: "number" | "integer" }
        ? number
        : string;

/** Every setting's value, by its key. */
export type Config = { readonly [S in (typeof SETTINGS)[number] as S["key"]]: Widen<S> };

/** "home": the state folder's settings.json, which commands write for the person. */
export type ConfigSource = "default" | "workspace" | "home" | "environment" | "vscode" | "flag";
