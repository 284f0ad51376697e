/** What a person has to look at: raised once, kept in the journal for every process, told to whoever listens here. */
import { Emitter } from "../base/emitter.ts";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Alarm } from "../domain/orders.ts";
import type { AlarmChange, BookedSplit, OrderJournal } from "../domain/ports.ts";

export class Alarms {
  readonly raised: Emitter<Alarm>;
  readonly #journal: OrderJournal;
  readonly #log: Log;

  constructor(journal: OrderJournal, log: Log) {
    this.#journal = journal;
    this.#log = log;
    this.raised = new Emitter((error) => log.error(`A listener for alarms failed: ${TradingError.from(error, "failed").message}`));
  }

  async change(account: string, change: AlarmChange, signal: AbortSignal): Promise<void> {
    this.#tell(await this.#journal.changeAlarms(account, change, signal));
  }

  /** The books follow the splits, once each. Answers the symbols that now agree. */
  async bookSplits(account: string, splits: readonly BookedSplit[], signal: AbortSignal): Promise<readonly string[]> {
    if (splits.length === 0) return [];
    const { booked, raised } = await this.#journal.bookSplits(account, splits, signal);
    this.#tell(raised);
    return booked;
  }

  #tell(alarms: readonly Alarm[]): void {
    for (const alarm of alarms) {
      this.#log.warn(`ALARM ${alarm.code}: ${alarm.message}`);
      this.raised.emit(alarm);
    }
  }
}
