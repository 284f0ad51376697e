import assert from "node:assert/strict";
import { Circuits, FAILURES_TO_OPEN, OPEN_MS } from "../../../src/core/features/circuits.ts";
import { DeadLetters } from "../../../src/core/features/deadLetters.ts";
import { featureSet } from "../../../src/core/features/featureSet.ts";
import { GROW_EVERY_MS, SHRINK_AFTER_MS, WorkerScale } from "../../../src/core/features/workerScale.ts";
import { givenSeries } from "./series.ts";

describe("A circuit", () => {
  it("opens after so many failures in a row, lets one trial through, and closes when that succeeds", () => {
    let now = 0;
    const circuits = new Circuits(() => now);
    const fail = () => circuits.failed("crash");
    for (let i = 1; i < FAILURES_TO_OPEN; i++) fail();
    circuits.enter("crash");
    fail();
    assert.deepEqual(circuits.open, ["crash"]);
    assert.throws(() => circuits.enter("crash"), { code: "circuit-open", message: "crash took its worker down 5 times in a row and is not run for now." });
    circuits.enter("another");
    now += OPEN_MS;
    circuits.enter("crash");
    assert.throws(() => circuits.enter("crash"), { code: "circuit-open" });
    fail();
    assert.throws(() => circuits.enter("crash"), { code: "circuit-open" });
    now += OPEN_MS;
    circuits.enter("crash");
    circuits.succeeded("crash");
    circuits.enter("crash");
    assert.deepEqual(circuits.open, []);
  });

  it("is forgotten beyond its bound, the oldest failure first", () => {
    const circuits = new Circuits(() => 0);
    for (let i = 0; i < 1_500; i++) for (let k = 0; k < FAILURES_TO_OPEN; k++) circuits.failed(`operation ${i}`);
    assert.equal(circuits.open.length, 1_000);
    assert.equal(circuits.open.at(-1), "operation 1499");
  });
});

describe("The number of workers", () => {
  it("follows how long requests wait, between its floor and its ceiling, and does not swing", () => {
    let now = 0;
    const scale = new WorkerScale({ floor: 1, ceiling: 3, now: () => now });
    const wait = (ms: number, times: number, every: number) => {
      for (let i = 0; i < times; i++) {
        now += every;
        scale.waited(ms);
      }
      return scale.workers;
    };
    assert.equal(wait(3, 100, 1), 1);
    assert.equal(wait(50, 1, 1), 2);
    assert.equal(wait(50, 1, GROW_EVERY_MS - 1), 2);
    assert.equal(wait(50, 1, 1), 3);
    assert.equal(wait(50, 100, 50), 3);
    assert.equal(wait(3, 100, SHRINK_AFTER_MS), 3);
    assert.equal(wait(0, 1, SHRINK_AFTER_MS), 2);
    assert.equal(wait(0, 1, SHRINK_AFTER_MS - 1), 2);
    assert.equal(wait(0, 1, 1), 1);
    assert.equal(wait(0, 10, SHRINK_AFTER_MS), 1);
  });

  it("stays where floor and ceiling are one", () => {
    const scale = new WorkerScale({ floor: 2, ceiling: 2, now: () => 1e9 });
    scale.waited(1_000);
    assert.equal(scale.workers, 2);
  });
});

describe("The list of dead letters", () => {
  const error = { code: "worker-died", message: "gone", kind: "runtime" } as never;
  const failed = { operation: "features", attempts: 3, error };

  it("keeps the newest within its bounds of letters and of bars", () => {
    const letters = new DeadLetters();
    const set = featureSet(["adx"]);
    for (let i = 0; i < 130; i++) letters.add({ series: givenSeries(3, i, `S${i}`), set }, failed);
    assert.deepEqual([letters.list().length, letters.list()[0]?.symbol, letters.list().at(-1)?.id], [100, "S30", 130]);
    assert.deepEqual(letters.list()[0]?.indicators, ["adx(14)"]);
    letters.add({ series: givenSeries(499_900, 1, "LONG"), set }, failed);
    assert.ok(letters.list().length < 40);
    letters.add({ series: givenSeries(600_000, 1, "LONGER"), set }, failed);
    assert.deepEqual(
      letters.list().map(({ symbol }) => symbol),
      ["LONGER"],
    );
    assert.equal(letters.take(1), undefined);
    assert.equal(letters.take(132)?.series.symbol, "LONGER");
    assert.deepEqual([letters.clear(), letters.list()], [0, []]);
  });
});
