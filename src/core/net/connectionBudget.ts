/**
 * Most connections that several pools may have open together. Who needs one more when all are open waits until one of
 * another pool is idle: that pool is then asked to let its idle ones go.
 */
export interface BudgetMember {
  /** Connections open that carry no request. */
  idle(): number;
  /** Closes the idle ones. */
  shed(): void;
}

export class ConnectionBudget {
  readonly #max: number;
  readonly #members = new Set<BudgetMember>();
  readonly #waiting: Array<{ readonly member: BudgetMember; readonly go: () => void }> = [];
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get open(): number {
    return this.#open;
  }

  join(member: BudgetMember): () => void {
    this.#members.add(member);
    return () => this.#members.delete(member);
  }

  /** Calls `go` when one more may be opened; whoever it is called for gives it back with `release`. */
  take(member: BudgetMember, go: () => void): void {
    if (this.#open < this.#max && this.#waiting.length === 0) {
      this.#open += 1;
      return go();
    }
    this.#waiting.push({ member, go });
    this.look();
  }

  release(): void {
    this.#open -= 1;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#open += 1;
    next.go();
  }

  /** To be called when a request has ended: its connection may be idle now. */
  look(): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    let richest: BudgetMember | undefined;
    for (const member of this.#members) if (member !== first.member && member.idle() > (richest?.idle() ?? 0)) richest = member;
    richest?.shed();
  }
}
