/** A backtest request as it arrives over a process border or from a file: checked once, typed from then on. */
import * as v from "valibot";
import { EXTRA_COSTS, isParams, type BacktestRequest, type Params } from "../domain/backtest.ts";
import { badInput } from "../base/errors.ts";

const number = v.pipe(v.number(), v.finite());
const positive = v.pipe(number, v.gtValue(0));

const Sizing = v.variant("kind", [
  v.object({ kind: v.literal("all-in") }),
  v.object({ kind: v.literal("whole-shares") }),
  v.object({ kind: v.literal("fixed"), units: positive }),
  v.object({ kind: v.literal("percent"), percent: v.pipe(number, v.gtValue(0), v.maxValue(100)) }),
]);

const within = ({ min, max }: { readonly min: number; readonly max: number }) => v.exactOptional(v.pipe(number, v.minValue(min), v.maxValue(max)));

const Costs = v.object({
  feeRate: v.pipe(number, v.minValue(0), v.ltValue(1)),
  slippageBps: v.pipe(number, v.minValue(0), v.ltValue(10_000)),
  feePerShare: within(EXTRA_COSTS.feePerShare),
  feeMin: within(EXTRA_COSTS.feeMin),
  spreadBps: within(EXTRA_COSTS.spreadBps),
  impact: within(EXTRA_COSTS.impact),
  volumeLimit: within(EXTRA_COSTS.volumeLimit),
  borrowRate: within(EXTRA_COSTS.borrowRate),
  cashRate: within(EXTRA_COSTS.cashRate),
  marginRate: within(EXTRA_COSTS.marginRate),
  leverage: within(EXTRA_COSTS.leverage),
});

const Request = v.object({
  strategy: v.variant("kind", [v.object({ kind: v.literal("builtin"), name: v.string() }), v.object({ kind: v.literal("file"), path: v.string() })]),
  params: v.custom<Params>(isParams, "names with finite numbers are expected"),
  data: v.string(),
  engine: v.picklist(["auto", "event", "vector", "simple"]),
  cash: positive,
  costs: Costs,
  sizing: Sizing,
  fill: v.picklist(["next-open", "close"]),
  from: v.exactOptional(number),
  to: v.exactOptional(number),
  tradeFrom: v.exactOptional(number),
  periodsPerYear: v.exactOptional(positive),
  riskFree: number,
  withEquity: v.boolean(),
  checkLookAhead: v.exactOptional(v.boolean()),
});

export function parseRequest(value: unknown): BacktestRequest {
  const parsed = v.safeParse(Request, value);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const where = v.getDotPath(issue) ?? "request";
  throw badInput("bad-request", `The backtest's ${where} is not valid: ${issue.message}.`, "quantdesk backtest --help lists what each may be.");
}
