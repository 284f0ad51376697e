/** Tool calls that come from a scanner's process: checked at the door, then answered with that scanner's tools. */
import * as v from "valibot";
import { badInput } from "../base/errors.ts";
import { knownNames } from "../base/nearest.ts";
import type { ScanTools } from "../domain/scanner.ts";

const Symbols = v.pipe(v.array(v.pipe(v.string(), v.maxLength(32))), v.maxLength(1000));
const Count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000));
const Timeframe = v.picklist(["1Min", "5Min", "15Min", "1Hour", "1Day", "1Week", "1Month"]);

const Range = v.object({ from: v.pipe(v.string(), v.isoDate()), to: v.pipe(v.string(), v.isoDate()) });

const CALLS = {
  bars: v.strictTuple([Symbols, v.object({ timeframe: Timeframe, limit: Count })]),
  movers: v.strictTuple([Count]),
  mostActive: v.strictTuple([Count]),
  news: v.strictTuple([Symbols, Count]),
  insiders: v.strictTuple([Range]),
  earnings: v.strictTuple([Range]),
  posts: v.strictTuple([Count]),
} as const;

const Call = v.object({ tool: v.string(), args: v.array(v.unknown()) });

export async function answerTool(tools: ScanTools, message: unknown): Promise<unknown> {
  const { tool, args } = v.parse(Call, message);
  switch (tool) {
    case "bars":
      return await tools.bars(...checked(tool, CALLS.bars, args));
    case "movers":
      return await tools.movers(...checked(tool, CALLS.movers, args));
    case "mostActive":
      return await tools.mostActive(...checked(tool, CALLS.mostActive, args));
    case "news":
      return await tools.news(...checked(tool, CALLS.news, args));
    case "insiders":
      return await tools.insiders(...checked(tool, CALLS.insiders, args));
    case "earnings":
      return await tools.earnings(...checked(tool, CALLS.earnings, args));
    case "posts":
      return await tools.posts(...checked(tool, CALLS.posts, args));
    default:
      throw badInput("unknown-tool", `There is no scanner tool "${tool}".`, knownNames(tool, Object.keys(CALLS)));
  }
}

function checked<S extends v.GenericSchema>(tool: string, shape: S, args: readonly unknown[]): v.InferOutput<S> {
  const parsed = v.safeParse(shape, args);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw badInput("bad-tool-call", `tools.${tool}: argument ${v.getDotPath(issue) ?? ""}: ${issue.message}`);
}
