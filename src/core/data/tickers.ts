/**
 * Which stocks a post names. A cashtag ($GME) always counts. A bare word in capitals counts only when it is a known symbol of
 * two letters or more that is neither a word of the language nor forum jargon: "A", "IT", "CEO", "YOLO", "DD" name no stock.
 */

/** English words, abbreviations and forum jargon that are, or look like, symbols. */
const STOP_LIST = `
A I AM AN ALL ANY ARE AS AT BE BEEN BIG BY CAN CASH CEO CFO COO CTO DAY DID DO DOES EAT ELSE EVEN EVER FAST FIVE FLY FOR FREE FUN FUND
GAP GET GO GOD GOOD GROW GUT HAS HE HER HERE HIS HIT HOLD HOLDING HOPE HOT HOW HUGE IF IN IS IT ITS JOB JUST KEY KIDS KNOW LAND LAW LIFE LIKE
LINE LIVE LONG LOT LOVE LOW MAIN MAN MANY ME MIND MOON MORE MOST MOVE MUCH MUST MY NEAR NEED NEW NEXT NICE NO NOT NOW OF OFF OK OLD ON ONE
ONLY OPEN OR OUR OUT OVER OWN PAY PEAK PLAN PLAY PLUS POST PUMP PUT PUTS REAL RED RIDE RUN RUNS SAFE SALE SAY SEE SELF SELL SHE SHOP SHORT
SO SOME SON STAY STEP STOP SUB SUM SUN TAX TELL TEN THAN THAT THE THEM THEN THEY THIS TIME TO TOO TOP TRUE TURN TWO UNDER UP US USE VERY
VERSUS WANT WAS WAY WE WELL WERE WHAT WHEN WHO WHY WILL WIN WITH WORK YEAR YES YOU YOUR ZERO BUY BUYING CALL CALLS CARE CAR CAT COST DASH
FIX FORM FROM HAVE HEAR HELP HIGH HOME INTO JOBS LAST LEFT LESS LET LOAN LOSS LOVES MADE MAKE NEWS PAID PASS PICK PRICE RATE READ REST
RISE ROAD ROCK ROOM SAVE SEND SITE SKY SNOW SNAP SOLD SPOT STAR TAKE TALK TEAM TECH TIP TOWN TRIP TRY VS WALL WATCH WEB WEEK WIRE WISE WOLF
ACB ADR AF AFAIK AI AH AMA AMEX AMZ API APR ATH ATL ATM AUM AUG BB BEAR BRO BS BTC BTD BTFD BULL CAGR CBOE CD CES CIA COVID CPA CPI CTB CUSIP
DAO DB DC DCA DCF DD DEC DEF DFV DIP DIY DM DOE DOJ DOW DR DRS DTE EBIT EBITDA ECB EDIT EOD EOM EOW EOY EPA EPS ER ESG ESPP EST ETA ETC ETF ETFS
ETH EU EUR EV EVS FA FAQ FBI FCC FCF FD FDA FDIC FED FEB FFS FINRA FIRE FOMC FOMO FRI FTC FTD FTSE FUD FWIW FX FY FYI GAAP GDP GMT GPT GPU HFT
HODL HQ HR HSA IDK IIRC IMF IMHO IMO INC IP IPO IQ IR IRA IRL IRS ISM ITM IV JAN JPOW JUL JUN KPI KYC LEAP LEAPS LFG LLC LLM LMAO LMFAO LOL LTD
MA MACD MAGA MAR MAY MBA MBS MC MD ML MM MMS MOASS MOM MON MOU NASA NASDAQ NATO NAV NDA NFA NFT NGL NGMI NIST NOV NSFW NY NYC NYSE OCT OEM OG OI
OMG OP OPEC OPEX OTC OTM PC PDT PE PEG PFOF PM PMI POTUS PPI PPT PR PRO PSA PT QE QOQ QT RE REIT REITS RH RIP ROCE ROE ROFL ROI ROIC RN RSI RSU
SAAS SBLOC SEC SEP SHTF SI SMA SMH SOFR SOL SP SPAC SPX SSR STEM STFU TA TBH TD TFSA TIL TLDR TOS TTM TV UK UN USA USD USDT USPS UTC VC VIP VIX VP
VWAP WACC WAGMI WEF WFH WH WSB WTF WTI WW WYM XD YOLO YOY YTD YTM ZIRP
`;

const MAX_TEXT = 20_000;
/** A post that names more is a list. */
const MAX_SYMBOLS = 50;
const CASHTAG = /(?<![\w$])\$([A-Za-z]{1,5}(?:[.-][A-Za-z]{1,2})?)(?![\w$])/g;
/** "AT&T", "P/E", "F-150", "U.S.A" and "state-of-the-ART" are no symbols of their parts. */
const BARE = /(?<![\w$&/.'’-])([A-Z]{2,5}(?:[.-][A-Z])?)(?![\w$&/]|[.-]\w)/g;

export interface TickerReader {
  /** Symbols that the text names, each once, in the order of their first naming. */
  read(text: string): readonly string[];
}

/** `known`: symbols that can be traded. Without it only cashtags in capitals count. */
export function createTickerReader(known: ReadonlySet<string>): TickerReader {
  const stopped = new Set(STOP_LIST.split(/\s+/));
  return {
    read: (text) => {
      const plain = text.slice(0, MAX_TEXT).replace(/https?:\/\/\S+|\bwww\.\S+/gi, " ");
      const found: Array<{ readonly at: number; readonly symbol: string }> = [];
      for (const match of plain.matchAll(CASHTAG)) {
        const written = match[1] as string;
        const symbol = classForm(written.toUpperCase());
        if (written === written.toUpperCase() || known.has(symbol)) found.push({ at: match.index, symbol });
      }
      for (const match of plain.matchAll(BARE)) {
        const word = match[1] as string;
        if (stopped.has(word)) continue;
        const symbol = classForm(word);
        if (known.has(symbol)) found.push({ at: match.index, symbol });
      }
      found.sort((a, b) => a.at - b.at);
      return [...new Set(found.map(({ symbol }) => symbol))].slice(0, MAX_SYMBOLS);
    },
  };
}

/** BRK-B is BRK.B. */
function classForm(text: string): string {
  return text.replace("-", ".");
}
