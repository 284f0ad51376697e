/**
 * Reddit's newest posts (https://www.reddit.com/dev/api): by OAuth with a client id and secret, or from the public listing,
 * which Reddit often refuses with 403. Posts are data: their text is read for symbols and for nothing else.
 */
import * as v from "valibot";
import { TradingError } from "../base/errors.ts";
import type { HttpAnswer, SourceClient } from "../domain/ports.ts";
import type { SocialPost } from "../domain/research.ts";
import { createTickerReader } from "./tickers.ts";
import { badAnswer, bodyOf, fieldOf, looseNumber, looseText, soundItems, type VendorName } from "./vendorAnswer.ts";

export const REDDIT: VendorName = { title: "Reddit", keyName: "REDDIT_CLIENT_ID", keyPage: "https://www.reddit.com/prefs/apps" };
/** Reddit asks for one that says what asks; general ones are refused. */
export const REDDIT_AGENT = "nodejs:quantdesk:v1 (trading research on one person's machine)";

const KEEP = { ttlMs: 120_000, staleMs: 3_600_000 } as const;
const PAGE = 100;
const MAX_PAGES = 5;
/** A token is renewed so long before it ends. */
const RENEW_MS = 60_000;
const REST_MS = 600_000;

const Token = v.object({ access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,4000}$/)), expires_in: v.optional(v.number(), 3600) });
const Child = v.object({
  data: v.object({
    id: v.pipe(v.string(), v.regex(/^\w{1,20}$/)),
    title: v.pipe(v.string(), v.maxLength(2000)),
    selftext: looseText(20_000),
    permalink: v.pipe(v.string(), v.regex(/^\/[\w/%.-]*$/), v.maxLength(500)),
    subreddit: v.pipe(v.string(), v.regex(/^\w{1,50}$/)),
    created_utc: v.pipe(v.number(), v.finite(), v.gtValue(0), v.maxValue(1e11)),
    score: looseNumber,
    num_comments: looseNumber,
    stickied: v.optional(v.boolean(), false),
  }),
});

export interface RedditOptions {
  readonly client: SourceClient;
  /** Where tokens are had, with the credentials in its headers; absent for the public listing. */
  readonly tokens?: SourceClient;
  readonly communities: readonly string[];
  readonly simulated: boolean;
  /** UTC milliseconds. */
  readonly now: () => number;
}

export interface Reddit {
  /** `known`: symbols that a bare word may mean. */
  posts(limit: number, known: ReadonlySet<string>, signal: AbortSignal): Promise<readonly SocialPost[]>;
}

/** The public listing's refusal: Reddit answers much of what has no token so. */
export function redditRefusal({ status }: HttpAnswer): TradingError | undefined {
  if (status !== 403) return undefined;
  return new TradingError("not-allowed", "Reddit refuses its public listing here (HTTP 403), as it often does", {
    hint: `Make an app at ${REDDIT.keyPage} and set REDDIT_CLIENT_ID and REDDIT_CLIENT_SECRET.`,
    data: { status, sent: true, restMs: REST_MS },
  });
}

export function createReddit({ client, tokens, communities, simulated, now }: RedditOptions): Reddit {
  let token: { readonly text: string; readonly until: number } | undefined;

  const fetchToken = async (signal: AbortSignal): Promise<string> => {
    if (token !== undefined && token.until > now()) return token.text;
    const answer = await (tokens as SourceClient).request(
      { method: "POST", path: "/api/v1/access_token", body: new URLSearchParams({ grant_type: "client_credentials" }), intent: "read" },
      signal,
    );
    const parsed = v.safeParse(Token, bodyOf(answer, REDDIT));
    if (!parsed.success) throw badAnswer("did not send a token");
    token = { text: parsed.output.access_token, until: now() + parsed.output.expires_in * 1000 - RENEW_MS };
    return token.text;
  };

  const page = async (path: string, signal: AbortSignal): Promise<unknown> => {
    if (tokens === undefined) return bodyOf(await client.read(path, KEEP, signal), REDDIT);
    const read = async () => client.read(path, { ...KEEP, headers: { authorization: `Bearer ${await fetchToken(signal)}` } }, signal);
    let answer = await read();
    if (answer.status === 401) {
      token = undefined; // revoked before its time
      answer = await read();
    }
    return bodyOf(answer, REDDIT);
  };

  return {
    posts: async (limit, known, signal) => {
      const reader = createTickerReader(known);
      const names = communities.filter((name) => /^\w{1,50}$/.test(name)).join("+");
      const found = new Map<string, SocialPost>();
      let after: string | null = null;
      for (let turn = 0; turn < MAX_PAGES && found.size < limit; turn++) {
        const query = new URLSearchParams({ limit: String(PAGE), raw_json: "1", ...(after === null ? {} : { after }) });
        const data = fieldOf(await page(`/r/${names}/new${tokens === undefined ? ".json" : ""}?${query}`, signal), "data");
        for (const { data: post } of soundItems(Child, fieldOf(data, "children"), "a list of posts")) {
          if (post.stickied || found.has(post.id)) continue;
          found.set(post.id, {
            id: post.id,
            title: post.title,
            url: `${simulated ? "https://simulated.invalid" : "https://www.reddit.com"}${post.permalink}`,
            community: `r/${post.subreddit}`,
            at: post.created_utc * 1000,
            votes: Math.round(post.score ?? 0),
            comments: Math.max(0, Math.round(post.num_comments ?? 0)),
            symbols: reader.read(`${post.title}\n${post.selftext}`),
          });
        }
        const next = fieldOf(data, "after");
        if (typeof next !== "string" || !/^t3_\w{1,20}$/.test(next) || next === after) break;
        after = next;
      }
      return [...found.values()].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).slice(0, limit);
    },
  };
}
