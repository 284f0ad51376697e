import assert from "node:assert/strict";
import { parametersIn } from "../../src/extension/parametersIn.ts";

describe("parameters in a text", () => {
  const check = (text: string, expected: ReadonlyArray<readonly [strategy: string, ...numbers: string[]]>) => {
    const found = parametersIn(text);
    for (const { parameters } of found)
      for (const { value, offset, length } of parameters) assert.equal(Number(text.slice(offset, offset + length)), value, "the place of the number");
    assert.deepEqual(
      found.map(({ strategy, parameters }) => [strategy, ...parameters.map(({ name, value }) => `${name} ${value}`)]),
      expected,
    );
  };

  it("are a strategy's defaults", () =>
    check(
      `export default defineStrategy({
  name: "my_cross", // name: "not this"
  params: { fast: { default: 10, min: 2, integer: true }, slow: { min: 3, default: 2.5e1 } },
  signals({ close }, { fast }) { return { entries: [], exits: [] }; },
});`,
      [["my_cross", "fast 10", "slow 25"]],
    ));

  it("are the numbers of a request, before or after its strategy", () =>
    check(
      `await desk.backtest({ data: "AAPL", strategy: "sma_cross", params: { fast: 5, slow: -20.5 }, fill: "close" });
const b = [{ params: { low: .5, computed: 3 + x, high: 70 }, strategy: './mine.ts' }];`,
      [
        ["sma_cross", "fast 5", "slow -20.5"],
        ["./mine.ts", "low 0.5", "high 70"],
      ],
    ));

  it("are none in comments and strings, without a strategy, or in code that is not whole", () => {
    check(`// { strategy: "a", params: { fast: 5 } }`, []);
    check(`const text = '{ strategy: "a", params: { fast: 5 } }';`, []);
    check("f({ params: { fast: 5 } })", []);
    check("{ strategy: name, params: { fast: 5 } }", []);
    check(`f({ strategy: "a", params: { fast: 5`, []);
    check("", []);
  });
});
