/**
 * Keeps LangChain's own tracing out of a run. Its client takes LANGSMITH_* and LANGCHAIN_* variables as consent to send
 * every input and output, and there is no option against it (@langchain/core 1.2, CallbackManager._configureSync).
 * It adds its tracer only where no handler of that name is there yet: this is one, and it sends nothing.
 */
export async function untracedCallbacks() {
  const { BaseCallbackHandler } = await import("@langchain/core/callbacks/base");

  class NoTracer extends BaseCallbackHandler {
    readonly name = "langchain_tracer";

    /** What nested runs ask their tracer for: a parent that is not traced. */
    getRunTreeWithTracingConfig(): { readonly tracingEnabled: false } {
      return { tracingEnabled: false };
    }

    /** Called when a person's program traces around us; their trace does not go on into ours. */
    updateFromRunTree(): void {}
  }

  /** LANGCHAIN_VERBOSE prints every run to standard output, where --json writes; it looks for a handler whose name is undefined. */
  class NotVerbose extends BaseCallbackHandler {
    readonly name = undefined as unknown as string;
  }

  return [new NoTracer(), new NotVerbose()];
}
