/** A process of its own in which one sweep is the first: node bench/sweepCold.ts prints its milliseconds, by the clock and of the processor. */
import { compileKernel } from "../src/core/backtest/sweep/kernel.ts";
import { byTables, randomWalk } from "./sweepWork.ts";

const { series } = randomWalk();
const [started, used] = [performance.now(), process.cpuUsage()];
byTables(series, compileKernel(), undefined);
const { user, system } = process.cpuUsage(used);
console.log(`${performance.now() - started} ${(user + system) / 1000}`);
