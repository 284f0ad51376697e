/** What a person has to look at: raised once, kept in the journal for every process, told to whoever listens here. */
import { Emitter } from "../base/emitter.ts";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Alarm } from "../domain/orders.ts";
import type { AlarmChange, OrderJournal } from "../domain/ports.ts";

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
    for (const alarm of await this.#journal.changeAlarms(account, change, signal)) {
      this.#log.warn(`ALARM ${alarm.code}: ${alarm.message}`);
      this.raised.emit(alarm);
    }
  }
}
