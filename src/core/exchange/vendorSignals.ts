/**
 * What insiders file and forums say on the SIMULATED market. Made up by seed, symbol and date, with some foresight put in on
 * purpose: about three purchases in four, and as many bursts of posts, come before a rise, so that a scanner that looks for
 * them has something to find and can be judged. Sales, grants and everyday posts tell nothing.
 */
import { hash32, seededRandom, type Random } from "../base/random.ts";
import type { TradingDay } from "../domain/nyse.ts";
import { SessionCalendar } from "../domain/sessionCalendar.ts";
import { FUND_SECTOR } from "../domain/simulatedUniverse.ts";
import { BoundedMemo } from "./boundedMemo.ts";
import type { Market } from "./market.ts";

export interface Filing {
  readonly id: number;
  readonly symbol: string;
  readonly name: string;
  /** SEC transaction code: P bought, S sold, A granted, M exercised. */
  readonly code: "P" | "S" | "A" | "M";
  /** Shares, below zero when sold. */
  readonly change: number;
  readonly held: number;
  readonly price: number;
  /** New York dates. */
  readonly tradedOn: string;
  readonly filedOn: string;
  /** When it was published. */
  readonly at: number;
}

export interface ForumPost {
  readonly id: string;
  readonly at: number;
  readonly community: string;
  readonly title: string;
  readonly text: string;
  readonly score: number;
  readonly comments: number;
}

/** One filing in so many sessions of a symbol. */
const FILING_EVERY = 80;
/** Sessions after a purchase, or a burst, over which the rise comes. */
const PURCHASE_SESSIONS = 20;
const BURST_SESSIONS = 5;
/** A move of so many of its standard deviations counts as a rise. */
const RISE = 0.3;
/** How likely a chance becomes a purchase (or a burst) before a rise, and otherwise: 3 of 4 are right. */
const BEFORE_RISE = 0.75;
const BEFORE_NONE = 0.15;
/** One chance of a burst in so many sessions of a symbol; it lasts so many. */
const BURST_EVERY = 50;
const BURST_DAYS = 3;
const MAX_DAYS = 400;
const HOUR_MS = 3_600_000;

const FIRST = ["Ada", "Ben", "Clara", "Dev", "Emil", "Fay", "Goran", "Hana", "Ivo", "June", "Kofi", "Lena", "Mara", "Nils", "Oona", "Piet"];
const LAST = ["Abel", "Brandt", "Chen", "Dube", "Ekholm", "Farr", "Gupta", "Holt", "Ito", "Jansen", "Kral", "Lund", "Moreau", "Novak", "Okoye", "Price"];
const COMMUNITIES = ["wallstreetbets", "stocks", "investing"] as const;
const EVERYDAY = [
  "What do you think of SYM after this week?",
  "SYM: holding or selling, and WHY",
  "My DD on SYM, long read",
  "Is SYM a buy IMO? The CEO talks about AI and IT all day",
  "Bought a few shares of SYM, no YOLO",
];
const EXCITED = ["SYM is moving, who is in?", "SYM YOLO update", "SYM to the moon", "Everyone talks about SYM and I finally see why", "DD: why SYM is next"];

export class VendorSignals {
  readonly #market: Market;
  readonly #calendar = new SessionCalendar();
  readonly #filings = new BoundedMemo<readonly Filing[]>(MAX_DAYS);
  readonly #posts = new BoundedMemo<readonly ForumPost[]>(MAX_DAYS);

  constructor(market: Market) {
    this.#market = market;
  }

  /** Sessions from the newest that has begun at `now` backwards. */
  *sessionsBack(now: number): Generator<TradingDay> {
    const { first } = this.#market.source.years;
    let day = this.#calendar.after(new Date(now + 24 * HOUR_MS).toISOString().slice(0, 10));
    while (day.midnight > now) day = this.#calendar.before(day.date);
    for (; Number(day.date.slice(0, 4)) > first; day = this.#calendar.before(day.date)) yield day;
  }

  /** Filed on a session, oldest first; nothing is made up about recorded prices. */
  filings(day: TradingDay): readonly Filing[] {
    if (this.#market.source.kind === "replay") return [];
    return this.#filings.get(day.date, () =>
      this.#market.stocks
        .filter(({ sector }) => sector !== FUND_SECTOR)
        .flatMap(({ symbol }) => this.#filingsOf(symbol, day))
        .sort((a, b) => a.at - b.at || a.id - b.id),
    );
  }

  /** Written on a session's day, oldest first. */
  posts(day: TradingDay): readonly ForumPost[] {
    if (this.#market.source.kind === "replay") return [];
    return this.#posts.get(day.date, () =>
      this.#market.stocks.flatMap(({ symbol }) => this.#postsOf(symbol, day)).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)),
    );
  }

  #filingsOf(symbol: string, day: TradingDay): Filing[] {
    const name = `${this.#market.seed}/insiders/${symbol}/${day.date}`;
    if ((hash32(name) >>> 0) % FILING_EVERY !== 0) return [];
    const random = seededRandom(name);
    const traded = this.#calendar.before(day.date);
    const isPurchase = random.next() < (this.#rises(symbol, day, PURCHASE_SESSIONS) ? BEFORE_RISE : BEFORE_NONE);
    const code = isPurchase ? "P" : ((["S", "S", "A", "M"] as const)[random.int(4)] as Filing["code"]);
    const people = isPurchase ? 1 + random.int(3) : 1;
    const close = this.#market.dailyBar(symbol, traded).c;
    return Array.from({ length: people }, (_, nth) => {
      const dollars = 40_000 * Math.exp(1.2 * Math.abs(random.normal()));
      const shares = Math.max(1, Math.round(dollars / close));
      const change = code === "S" ? -shares : shares;
      return {
        id: (hash32(`${name}/${nth}`) >>> 0) % 1_000_000_000,
        symbol,
        name: `${LAST[random.int(LAST.length)]} ${FIRST[random.int(FIRST.length)]} (SIMULATED)`,
        code,
        change,
        held: Math.max(0, change) + random.int(200_000),
        price: code === "A" || code === "M" ? 0 : close,
        tradedOn: traded.date,
        filedOn: day.date,
        at: day.midnight + 7 * HOUR_MS + random.int(13 * 3600) * 1000,
      };
    });
  }

  #postsOf(symbol: string, day: TradingDay): ForumPost[] {
    const random = seededRandom(`${this.#market.seed}/posts/${symbol}/${day.date}`);
    const { volumeMillions, volatility } = this.#market.stock(symbol);
    const everyday = Math.floor(Math.min(3, (volumeMillions * volatility) / 20) + random.next());
    const excited = this.#isBurst(symbol, day) ? 5 + random.int(8) : 0;
    return Array.from({ length: everyday + excited }, (_, nth) => this.#post(symbol, day, nth < everyday ? EVERYDAY : EXCITED, random, nth));
  }

  #post(symbol: string, day: TradingDay, titles: readonly string[], random: Random, nth: number): ForumPost {
    const written = random.next() < 0.6 || symbol.length < 3 ? `$${symbol}` : symbol;
    const title = (titles[random.int(titles.length)] as string).replace("SYM", written);
    return {
      id: ((hash32(`${this.#market.seed}/post/${symbol}/${day.date}/${nth}`) >>> 0) + 2 ** 32).toString(36),
      at: day.midnight + 6 * HOUR_MS + random.int(17 * 3600) * 1000,
      community: COMMUNITIES[random.int(COMMUNITIES.length)] as string,
      title: `SIMULATED: ${title}`,
      text: `SIMULATED post, made up by the paper exchange. ${written} again.`,
      score: Math.round(Math.exp(2 + 1.5 * random.normal())) + (titles === EXCITED ? 100 : 0),
      comments: random.int(titles === EXCITED ? 400 : 40),
    };
  }

  /** Whether a burst began on this session or one of the last few. */
  #isBurst(symbol: string, day: TradingDay): boolean {
    let begun = day;
    for (let back = 0; back < BURST_DAYS; back++, begun = this.#calendar.before(begun.date)) {
      const name = `${this.#market.seed}/bursts/${symbol}/${begun.date}`;
      if ((hash32(name) >>> 0) % BURST_EVERY !== 0) continue;
      if (seededRandom(name).next() < (this.#rises(symbol, begun, BURST_SESSIONS) ? BEFORE_RISE : BEFORE_NONE)) return true;
    }
    return false;
  }

  /** Whether the price rises from a session's close over the sessions that follow, by more than it may well by chance. */
  #rises(symbol: string, day: TradingDay, sessions: number): boolean {
    let end = day;
    for (let i = 0; i < sessions; i++) end = this.#calendar.after(end.date);
    const split = this.#market
      .events(symbol, this.#calendar.after(day.date).date, end.date)
      .reduce((factor, event) => (event.kind === "split" ? factor * (event.newRate / event.oldRate) : factor), 1);
    const move = Math.log((this.#market.dailyBar(symbol, end).c * split) / this.#market.dailyBar(symbol, day).c);
    return move > RISE * this.#market.stock(symbol).volatility * Math.sqrt(sessions / 252);
  }
}
