/**
 * The signal of one call or attempt: ends with its caller's, or when it is aborted itself. Lighter than a Scope, which aborts
 * whatever is left when it closes: a call that was answered has nothing left, and there are thousands a second.
 */
export interface CallSignal {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** To be called when the call is over. */
  detach(): void;
}

export function followSignal(parent: AbortSignal): CallSignal {
  const controller = new AbortController();
  const follow = () => controller.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    detach: () => parent.removeEventListener("abort", follow),
  };
}
