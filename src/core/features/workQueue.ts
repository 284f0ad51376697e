/**
 * A bounded queue before a number of slots that may change: the more urgent first, then first come, first served; full, it
 * refuses or lets the caller wait. Callers of one group may share a slot.
 */
import { TradingError } from "../base/errors.ts";
import { deadlineError } from "../base/scope.ts";

/** A full queue refuses (the default), or the caller waits for a place for at most `waitMs`. */
export type WhenFull = "refuse" | { readonly waitMs: number };

export const PRIORITIES = ["high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface Turn {
  readonly whenFull: WhenFull;
  /** "normal" when absent. */
  readonly priority?: Priority;
}

/** Work that may be done for several callers at once: those of one group that are waiting when its turn comes. */
export interface SharedWork<I, O> {
  readonly group: string;
  readonly item: I;
  /** At most so many callers together. */
  readonly most: number;
  /** How long whoever has a slot waits for others of its group. */
  readonly gatherMs: number;
  /** One answer per item, in their order; a rejection is everyone's. */
  readonly run: (items: readonly I[]) => Promise<readonly O[]>;
}

/** Callers that may wait for a place in a full queue, per place: past that they are refused too. */
const WAITERS_PER_PLACE = 100;
/** Every so many turns the least urgent goes first, so that nobody waits for ever. */
const TURNS_PER_LEAST = 8;

interface Waiter {
  readonly priority: Priority;
  readonly since: number;
  readonly shared: { readonly group: string; readonly item: unknown } | undefined;
  /** It has a slot of its own, or rides with a caller of its group who answers for it. */
  readonly start: (ride?: Promise<unknown>) => void;
  readonly fail: (error: unknown) => void;
}

/** A caller has a slot, or rides with one who has. In an object, because a bare promise would be waited for on its way. */
interface Admission {
  readonly ride: Promise<unknown> | undefined;
}

export class WorkQueue {
  readonly #capacity: number;
  readonly #onWaited: (waitedMs: number) => void;
  readonly #queued: Readonly<Record<Priority, Set<Waiter>>> = { high: new Set(), normal: new Set(), low: new Set() };
  readonly #outside = new Set<Waiter>();
  #slots: number;
  #running = 0;
  #refused = 0;
  #turns = 0;

  /** `onWaited` hears how long each caller was in the queue when its turn comes: 0 where it did not have to wait. */
  constructor(options: { readonly slots: number; readonly capacity: number; readonly onWaited?: (waitedMs: number) => void }) {
    this.#slots = options.slots;
    this.#capacity = options.capacity;
    this.#onWaited = options.onWaited ?? (() => undefined);
  }

  /** Accepted and not yet started. */
  get depth(): number {
    return PRIORITIES.reduce((sum, priority) => sum + this.#queued[priority].size, 0);
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Slots in use. */
  get running(): number {
    return this.#running;
  }

  get refused(): number {
    return this.#refused;
  }

  get slots(): number {
    return this.#slots;
  }

  /** Fewer slots: those that run on end first. */
  set slots(slots: number) {
    this.#slots = slots;
    while (this.#running < this.#slots && this.depth > 0) {
      this.#running++;
      this.#startNext();
    }
  }

  /** Runs `work` when its turn comes; an abort before that gives up the place. Once started, `work` alone decides its end. */
  async run<T>(turn: Turn, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(turn, signal, undefined);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** As `run`, for work that callers of one group can have done together. */
  async runShared<I, O>(turn: Turn, signal: AbortSignal, work: SharedWork<I, O>): Promise<O> {
    const { ride } = await this.#enter(turn, signal, { group: work.group, item: work.item });
    if (ride !== undefined) return (await ride) as O;
    try {
      if (work.gatherMs > 0 && this.#mates(work.group).length < work.most - 1) await new Promise((resolve) => setTimeout(resolve, work.gatherMs));
      // Callers are shared out among the slots.
      const mates = this.#mates(work.group);
      mates.length = Math.min(mates.length, work.most - 1, Math.ceil(mates.length / this.#slots));
      const answers = work.run([work.item, ...mates.map((mate) => mate.shared?.item as I)]);
      mates.forEach((mate, i) =>
        this.#start(
          mate,
          answers.then((all) => all[i + 1]),
        ),
      );
      this.#admit();
      return (await answers)[0] as O;
    } finally {
      this.#next();
    }
  }

  /** Those that have not started fail with `error`. */
  rejectWaiting(error: TradingError): void {
    for (const waiter of [...PRIORITIES.flatMap((priority) => [...this.#queued[priority]]), ...this.#outside]) waiter.fail(error);
  }

  async #enter(turn: Turn, signal: AbortSignal, shared: Waiter["shared"]): Promise<Admission> {
    signal.throwIfAborted();
    if (this.#running < this.#slots) {
      this.#running++;
      this.#onWaited(0);
      return { ride: undefined };
    }
    return await this.#turn(turn, signal, shared);
  }

  #turn({ whenFull, priority = "normal" }: Turn, signal: AbortSignal, shared: Waiter["shared"]): Promise<Admission> {
    const place = this.depth < this.#capacity ? this.#queued[priority] : this.#outside;
    if (place === this.#outside && (whenFull === "refuse" || this.#outside.size >= this.#capacity * WAITERS_PER_PLACE)) {
      this.#refused++;
      throw new TradingError("queue-full", `Task queue full (${this.depth} of ${this.#capacity}, ${this.#refused} refused)`, {
        hint: "Ask for less at once, wait for a place instead of being refused, or raise features.queueSize.",
        data: { depth: this.depth, capacity: this.#capacity, refused: this.#refused },
      });
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#queued[priority].delete(waiter);
        this.#outside.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        priority,
        since: performance.now(),
        shared,
        start: (ride) => {
          leave();
          resolve({ ride });
        },
        fail: (error) => {
          leave();
          this.#admit();
          reject(error as Error);
        },
      };
      const onAbort = () => waiter.fail(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      // Only the wait for a place has this deadline; once inside, its turn comes.
      const timer =
        place === this.#outside && whenFull !== "refuse"
          ? setTimeout(() => {
              if (this.#outside.has(waiter)) waiter.fail(deadlineError("Waiting for a place in the task queue", whenFull.waitMs));
            }, whenFull.waitMs)
          : undefined;
      place.add(waiter);
    });
  }

  /** A slot is free again. */
  #next(): void {
    if (this.#running > this.#slots || this.depth === 0) this.#running--;
    else this.#startNext();
  }

  #startNext(): void {
    const order = ++this.#turns % TURNS_PER_LEAST === 0 ? PRIORITIES.toReversed() : PRIORITIES;
    for (const priority of order) {
      const [first] = this.#queued[priority];
      if (first === undefined) continue;
      this.#start(first);
      this.#admit();
      return;
    }
  }

  #start(waiter: Waiter, ride?: Promise<unknown>): void {
    const waitedMs = performance.now() - waiter.since;
    waiter.start(ride);
    this.#onWaited(waitedMs);
  }

  /** Those in the queue who could share a slot with one of `group`, the most urgent first. */
  #mates(group: string): Waiter[] {
    return PRIORITIES.flatMap((priority) => [...this.#queued[priority]].filter((waiter) => waiter.shared?.group === group));
  }

  #admit(): void {
    for (const first of this.#outside) {
      if (this.depth >= this.#capacity) return;
      this.#outside.delete(first);
      this.#queued[first.priority].add(first);
    }
  }
}
