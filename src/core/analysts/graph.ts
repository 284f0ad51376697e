/**
 * analysts: several analysts judge one symbol at the same time; a debate, a trader and a risk stage make one decision of it.
 * Imports base and domain; LangGraph on first use. Is given: MarketData, Clock.
 * Knows nothing of HTTP, orders, accounts or VS Code: a decision is a proposal, and places nothing.
 */
import type { BarSeries } from "../domain/bars.ts";
import type { Opinion } from "../domain/research.ts";
import { debate, limitRisk, propose, type Debate, type Decision, type Proposal } from "./decision.ts";
import { untracedCallbacks } from "./untraced.ts";

/** One analysis: what the nodes of the graph work with. */
export interface AnalysisRun {
  readonly selected: readonly string[];
  /** Never rejects because of a source; only when the analysis is given up. */
  opinionOf(analyst: string, signal: AbortSignal): Promise<Opinion>;
  riskBars(signal: AbortSignal): Promise<BarSeries | null | undefined>;
}

export interface AnalystGraph {
  /** Opinions come in the order in which they were finished. */
  run(run: AnalysisRun, signal: AbortSignal): Promise<{ readonly opinions: readonly Opinion[]; readonly decision: Decision }>;
}

/** Loads LangGraph (0.3 s once per process) and builds the graph. */
export async function createGraph(): Promise<AnalystGraph> {
  const { Annotation, END, Send, START, StateGraph } = await import("@langchain/langgraph");

  const State = Annotation.Root({
    run: Annotation<AnalysisRun>,
    opinions: Annotation<readonly Opinion[]>({ reducer: (left, right) => [...left, ...right], default: () => [] }),
    debate: Annotation<Debate>,
    proposal: Annotation<Proposal>,
    decision: Annotation<Decision>,
  });
  const graph = new StateGraph(State)
    .addNode("analyst", async ({ run, analyst }: { readonly run: AnalysisRun; readonly analyst: string }, config) => ({
      opinions: [await run.opinionOf(analyst, config.signal as AbortSignal)],
    }))
    .addNode("weigh", (state) => ({ debate: debate(inOrder(state)) }))
    .addNode("trader", (state) => ({ proposal: propose(state.debate, inOrder(state)) }))
    .addNode("risk", async (state, config) => ({ decision: limitRisk(state.proposal, await state.run.riskBars(config.signal as AbortSignal)) }))
    .addConditionalEdges(START, ({ run }) => run.selected.map((analyst) => new Send("analyst", { run, analyst })), ["analyst"])
    .addEdge("analyst", "weigh")
    .addEdge("weigh", "trader")
    .addEdge("trader", "risk")
    .addEdge("risk", END)
    .compile();

  return {
    run: async (run, signal) => {
      const { opinions, decision } = await graph.invoke({ run }, { signal, callbacks: untracedCallbacks() });
      return { opinions, decision };
    },
  };
}

/** Opinions in the order of the selection, whoever was first: sums of floats and texts do not depend on timing. */
function inOrder({ run, opinions }: { readonly run: AnalysisRun; readonly opinions: readonly Opinion[] }): readonly Opinion[] {
  return run.selected.flatMap((name) => opinions.filter(({ analyst }) => analyst === name));
}
