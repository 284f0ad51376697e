/** Keys and addresses of the public data sources, from the environment (or SecretStorage) and the user's own settings. */
import { badInput } from "../base/errors.ts";
import type { SourceSettings } from "../domain/ports.ts";
import type { Config } from "./schema.ts";
import { originOf } from "./venue.ts";

/** The keys by their variables' names: FINNHUB_API_KEY, ALPHAVANTAGE_API_KEY, REDDIT_CLIENT_ID, REDDIT_CLIENT_SECRET. */
export function sourceSettings(config: Config, keys: Readonly<Record<string, string | undefined>>): SourceSettings {
  const keyOf = (name: string): string | undefined => {
    const text = keys[name]?.trim() ?? "";
    if (text === "") return undefined;
    if (!/^[\x21-\x7e]+$/.test(text))
      throw badInput("bad-key-text", `${name} holds characters that no key has, such as a space or a line break.`, "Copy it again.");
    return text;
  };
  const address = (key: "data.finnhubUrl" | "data.alphaVantageUrl" | "data.redditUrl", own: string) => (config[key] === "" ? own : originOf(config[key], key));
  const [finnhubKey, alphaVantageKey] = [keyOf("FINNHUB_API_KEY"), keyOf("ALPHAVANTAGE_API_KEY")];
  const [redditClientId, redditClientSecret] = [keyOf("REDDIT_CLIENT_ID"), keyOf("REDDIT_CLIENT_SECRET")];
  return {
    ...(finnhubKey === undefined ? {} : { finnhubKey }),
    ...(alphaVantageKey === undefined ? {} : { alphaVantageKey }),
    ...(redditClientId === undefined ? {} : { redditClientId }),
    ...(redditClientSecret === undefined ? {} : { redditClientSecret }),
    redditPublic: config["data.redditPublic"],
    redditCommunities: config["data.redditCommunities"],
    finnhubUrl: address("data.finnhubUrl", "https://finnhub.io"),
    alphaVantageUrl: address("data.alphaVantageUrl", "https://www.alphavantage.co"),
    redditUrl: address("data.redditUrl", "https://oauth.reddit.com"),
    redditTokenUrl: address("data.redditUrl", "https://www.reddit.com"),
    yahoo: config["data.yahoo"],
    yahooUrl: "https://query1.finance.yahoo.com",
  };
}
