/** Single flight by series: who asks for the same series while it is computed gets the same answer. */
import { abortable } from "../base/scope.ts";
import type { BarSeries } from "../domain/bars.ts";

interface Flight {
  readonly answer: Promise<Float64Array>;
  readonly controller: AbortController;
  waiters: number;
}

export class SeriesFlights {
  /** By series, then by what is computed of it. */
  readonly #flights = new WeakMap<BarSeries, Map<string, Flight>>();

  /**
   * One computation for all who ask for the same of `series` while it is under way; it is given up when none of them waits any more.
   * It takes its place in the queue before this returns: who is refused is refused at once, in the order of asking.
   */
  async join(series: BarSeries, what: string, signal: AbortSignal, load: (signal: AbortSignal) => Promise<Float64Array>): Promise<Float64Array> {
    signal.throwIfAborted();
    const flight = this.#flights.get(series)?.get(what) ?? this.#start(series, what, load);
    flight.waiters++;
    try {
      return await abortable(flight.answer, signal);
    } finally {
      if (--flight.waiters === 0 && signal.aborted) {
        this.#land(series, what, flight);
        flight.controller.abort(signal.reason);
      }
    }
  }

  #start(series: BarSeries, what: string, load: (signal: AbortSignal) => Promise<Float64Array>): Flight {
    const controller = new AbortController();
    const flight: Flight = { answer: load(controller.signal), controller, waiters: 0 };
    const flights = this.#flights.get(series) ?? new Map<string, Flight>();
    this.#flights.set(series, flights.set(what, flight));
    const land = () => this.#land(series, what, flight);
    flight.answer.then(land, land);
    return flight;
  }

  /** Another flight for the same series may have begun since. */
  #land(series: BarSeries, what: string, flight: Flight): void {
    const flights = this.#flights.get(series);
    if (flights?.get(what) === flight) flights.delete(what);
  }
}
