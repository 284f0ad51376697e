/** buy_and_hold: signals at the close of bar 0, so it buys at the open of bar 1; never sells. */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "buy_and_hold",
  rule: "Buys at the open of the second bar and never sells.",
  params: {},
  signals({ length }) {
    const entries = new Int8Array(length);
    if (length > 0) entries[0] = 1;
    return { entries, exits: new Int8Array(length) };
  },
  onBar(bar) {
    if (bar.index === 0) bar.buy();
  },
});
