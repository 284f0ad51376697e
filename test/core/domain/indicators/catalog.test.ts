import assert from "node:assert/strict";
import * as fc from "fast-check";
import { computeIndicator, INDICATORS, openIndicator, parseIndicator, wantedIndicator } from "../../../../src/core/domain/indicators/catalog.ts";
import { barAt, cut, givenBars, type Columns } from "./bars.ts";

/** Parameters within reach of a short series, so that every formula comes to its end in a test. */
function smallParams(name: string, seed: number): Readonly<Record<string, number>> {
  const { params } = wantedIndicator(name).definition;
  return Object.fromEntries(
    Object.entries(params).map(([param, { min = 1, integer }], i) => [
      param,
      integer === true ? Math.max(min, 2 + ((seed + 3 * i) % 11)) : Math.max(min, 0.5 + (seed % 5) / 10),
    ]),
  );
}

/** Prices of every kind: quoted, any float, standing still, without volume. */
const series = fc.record({ seed: fc.nat(10_000), kind: fc.constantFrom("quoted", "float", "flat", "no volume", "coarse") }).map(({ seed, kind }) => {
  const columns = givenBars(160, seed, kind === "float" ? undefined : kind === "coarse" ? 0 : 2);
  if (kind === "flat") for (const name of ["open", "high", "low", "close", "other"] as const) columns[name].fill(100);
  if (kind === "no volume") columns.volume.fill(0);
  return { seed, columns };
});

/** Not deepEqual: that compares bytes, and one undefined value may be stored as another's bits. */
function assertSame(one: Float64Array | undefined, other: Float64Array | undefined, name: string): void {
  assert.equal(one?.length, other?.length, name);
  for (let i = 0; i < (one?.length ?? 0); i++) assert.ok(Object.is(one?.[i], other?.[i]), `${name} at bar ${i}: ${one?.[i]} and ${other?.[i]}`);
}

describe("every indicator", () => {
  it("is one of more than sixty, each with a name of its own, a source, outputs and parameters within their bounds", () => {
    assert.ok(INDICATORS.length >= 60, `${INDICATORS.length}`);
    assert.equal(new Set(INDICATORS.map(({ name }) => name)).size, INDICATORS.length);
    for (const { name, title, source, needs, outputs } of INDICATORS) {
      assert.ok(title.length > 3 && source.length > 3 && needs.length > 0, name);
      assert.equal(new Set(outputs).size, outputs.length, name);
      wantedIndicator(name);
    }
  });

  for (const definition of INDICATORS) {
    const { name } = definition;

    it(`${name}: bar by bar it says to the bit what it says of the whole series`, () => {
      fc.assert(
        fc.property(series, ({ seed, columns }) => {
          const wanted = wantedIndicator(name, smallParams(name, seed));
          const whole = computeIndicator(wanted, columns);
          const stream = openIndicator(wanted);
          for (let i = 0; i < columns.close.length; i++) {
            const now = stream.next(barAt(columns, i));
            for (const output of definition.outputs)
              assert.ok(Object.is(whole[output]?.[i], now[output]), `${wanted.key}.${output} at bar ${i}: ${whole[output]?.[i]} and ${now[output]}`);
          }
        }),
        { numRuns: 6 },
      );
    });

    it(`${name}: never looks ahead`, () => {
      fc.assert(
        fc.property(series, fc.nat(160), ({ seed, columns }, length) => {
          const wanted = wantedIndicator(name, smallParams(name, seed));
          const whole = computeIndicator(wanted, columns);
          const early = computeIndicator(wanted, cut(columns, length));
          for (const output of definition.outputs) assertSame(early[output], whole[output]?.subarray(0, length), `${wanted.key}.${output}`);
        }),
        { numRuns: 5 },
      );
    });

    it(`${name}: is defined from its warm-up on, and not before`, () => {
      const wanted = wantedIndicator(name);
      const warmUp = definition.warmUp(wanted.params);
      const rows = Object.values(computeIndicator(wanted, givenBars(warmUp + 40, name, 2)));
      const isWhole = (i: number) => rows.every((row) => Number.isFinite(row[i]));
      assert.equal(
        [...(rows[0] as Float64Array)].findIndex((_, i) => isWhole(i)),
        warmUp,
      );
      for (let i = warmUp; i < warmUp + 40; i++) assert.ok(isWhole(i), `bar ${i}`);
    });
  }
});

describe("a request for an indicator", () => {
  const columns: Columns = givenBars(60, 1, 2);

  it("is a name, with values in brackets where they differ from the usual", () => {
    assert.equal(parseIndicator("macd").key, "macd(12,26,9)");
    assert.equal(parseIndicator(" macd( 5, 10 ) ").key, "macd(5,10,9)");
    assert.equal(parseIndicator("bollinger(width=2.5)").key, "bollinger(20,2.5)");
    assert.equal(parseIndicator("obv()").key, "obv");
  });

  const refused = (request: string, code: string, words: RegExp) =>
    assert.throws(
      () => parseIndicator(request),
      (error: { code: string; message: string; hint: string; kind: string }) => {
        assert.deepEqual([error.code, error.kind], [code, "usage"]);
        assert.match(`${error.message} ${error.hint}`, words);
        return true;
      },
    );

  it("that is wrong is refused in one sentence that says what would be right", () => {
    refused("rsj(14)", "unknown-indicator", /rsj.*rsi/);
    refused("rsj(14, 3)", "unknown-indicator", /rsj.*rsi/);
    refused("rsi(perod=3)", "unknown-parameter", /perod.*period/);
    refused("rsi(0)", "bad-parameter", /period 0.*whole number from 1 to 10000/);
    refused("rsi(2.5)", "bad-parameter", /period 2.5/);
    refused("rsi(1e9)", "bad-parameter", /from 1 to 10000/);
    refused("rsi(14, 3)", "bad-parameter", /"3" in rsi\(14, 3\) is no value.*takes period/);
    refused("rsi(,)", "bad-parameter", /takes period/);
    refused("rsi(NaN)", "bad-parameter", /"NaN"/);
    refused("rsi(14", "bad-indicator", /no indicator/);
    refused("__proto__", "bad-indicator", /no indicator/);
    refused("constructor", "unknown-indicator", /constructor/);
    refused("x".repeat(100_000), "bad-indicator", /no indicator/);
  });

  it("needs its columns, of one length", () => {
    assert.throws(() => computeIndicator("atr", { close: columns.close }), { code: "bad-series", message: "The indicator atr needs the column high." });
    assert.throws(() => computeIndicator("beta", { ...columns, other: new Float64Array(3) }), { code: "bad-series", message: /close 60, other 3/ });
    assert.deepEqual(computeIndicator("obv", { close: new Float64Array(0), volume: new Float64Array(0) }), { value: new Float64Array(0) });
  });
});
