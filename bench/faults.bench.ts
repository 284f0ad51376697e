/**
 * 10,000 orders (QUANTDESK_FAULT_ORDERS for another number) through faults and kills, compared with the exchange to the cent;
 * what is measured is what that costs. Takes some minutes.
 */
import { runFaults } from "../test/core/broker/faultRun.ts";
import type { Benchmark } from "./comparison.ts";

const ORDERS = 10_000;
const QUIET_ORDERS = 1000;
const LANES = 40;

export const bench: Benchmark = {
  description: "orders through faults and kills: each exactly once, each fill known once, cash and positions equal",
  run: async (signal) => {
    const orders = Number(process.env["QUANTDESK_FAULT_ORDERS"] ?? ORDERS);
    const onLine = (line: string) => console.error(`  ${line}`);
    const quiet = await runFaults({ seed: 1, orders: Math.min(orders, QUIET_ORDERS), lanes: LANES, clientKills: 0, exchangeKills: 0, faults: "" }, signal);
    const kills = Math.max(1, Math.round(orders / 400));
    const faulty = await runFaults({ seed: 1, orders, lanes: LANES, clientKills: kills, exchangeKills: Math.ceil(kills / 2), onLine }, signal);
    const perSecond = (run: typeof quiet) => [run.orders / (run.durationMs / 1000)];
    return [
      {
        title: "orders settled",
        unit: "/s",
        better: "higher",
        baseline: "no faults",
        samples: { "no faults": perSecond(quiet), "faults and kills": perSecond(faulty) },
        note:
          `${faulty.orders} orders, ${faulty.fills} fills, client killed ${faulty.clientKills} times, exchange ${faulty.exchangeKills} times: ` +
          `every order once, every fill once, cash ${faulty.cash} and positions equal on both sides.`,
      },
    ];
  },
};
