/**
 * Keeps LangChain's own tracing out of a run. Its client takes LANGSMITH_* and LANGCHAIN_* variables as consent to send
 * every input and output, and there is no option against it (@langchain/core 1.2, CallbackManager._configureSync).
 * It adds its tracer only where no handler of that name is there yet: this is one, and it sends nothing.
 */
const NO_TRACER = {
  name: "langchain_tracer",
  /** What nested runs ask their tracer for: a parent that is not traced. Made anew, because LangChain writes into it. */
  getRunTreeWithTracingConfig: () => ({ tracingEnabled: false }),
  /** Called when a person's program traces around us; their trace does not go on into ours. */
  updateFromRunTree: () => {},
};

/** LANGCHAIN_VERBOSE prints every run to standard output, where --json writes; it looks for a handler whose name is undefined. */
const NOT_VERBOSE = { name: undefined };

/** Callbacks for the call that starts a graph; its nodes inherit them. */
export function untracedCallbacks(): object[] {
  return [NO_TRACER, NOT_VERBOSE];
}
