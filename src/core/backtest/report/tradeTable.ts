/** The trades of a report as a table, newest first, with how far each ran against and for its holder. */
import type { BacktestResult } from "../../domain/backtest.ts";
import { change, date, dollars, escapeHtml, move, percent, plain, price, quantity } from "./format.ts";
import { panel, table } from "./sections.ts";

const MAX_TRADES = 100;

export function tradePanel(result: BacktestResult, options: { readonly withTime: boolean }): string {
  if (result.trades.length === 0) return panel({ title: "Trades", say: "There were none.", body: "" });
  const total = result.trades.length;
  const shown = result.trades.slice(-MAX_TRADES);
  const hasShort = result.trades.some((trade) => trade.side === "short");
  const hasSymbols = result.trades.some((trade) => trade.symbol !== undefined);
  const rows = shown
    .map((trade, at) => {
      return [
        plain(total - shown.length + at + 1, 0),
        ...(hasSymbols ? [escapeHtml(trade.symbol ?? "")] : []),
        ...(hasShort ? [trade.side] : []),
        date(trade.entryTime, options),
        trade.finalized ? "open, at last close" : date(trade.exitTime, options),
        quantity(trade.size),
        price(trade.entryPrice),
        price(trade.exitPrice),
        dollars(trade.fees, 2),
        dollars(trade.pnl, 2),
        move(trade.pnlPct),
        plain(trade.bars, 0),
        percent(trade.maePct === 0 ? 0 : -trade.maePct),
        change(trade.mfePct),
      ];
    })
    .reverse();
  const names = [...(hasSymbols ? ["Symbol"] : []), ...(hasShort ? ["Side", "Entered", "Left"] : ["Bought", "Sold"])];
  return panel({
    title: shown.length === total ? "Trades" : `Trades, last ${shown.length} of ${plain(total, 0)}`,
    say: `Newest first. The result is after fees, as a share of the value at entry. MAE and MFE: how far the price ran against and for the trade before it was closed.${shown.length === total ? "" : " All of them: --trades FILE.csv."}`,
    body: table("Trades", ["#No.", ...names, "#Units", "#In", "#Out", "#Fees", "#Profit", "#Result", "#Bars", "#MAE", "#MFE"], rows),
  });
}
