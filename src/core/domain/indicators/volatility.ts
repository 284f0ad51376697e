/** Realised volatility, annualised, as a fraction (0.2 is 20 % a year), by five estimators. */
import { bars, indicator, type IndicatorBar, type IndicatorColumn, type IndicatorDefinition } from "./definition.ts";
import { lagOf, sumOf, Window } from "./rolling.ts";

const PARAMS = { period: bars(20, 2), periodsPerYear: { default: 252, min: 1, max: 1_000_000 } } as const;

/** An estimator whose variance is the mean of something that each bar tells alone. */
function fromBars(
  head: { readonly name: string; readonly title: string; readonly source: string; readonly needs: readonly IndicatorColumn[] },
  varianceOf: (bar: Readonly<IndicatorBar>) => number,
): IndicatorDefinition {
  return indicator({
    ...head,
    params: PARAMS,
    outputs: ["value"],
    warmUp: ({ period }) => period - 1,
    open: ({ period, periodsPerYear }) => {
      const sum = sumOf(period);
      return (bar, out) => {
        out[0] = Math.sqrt(Math.max(0, (sum(varianceOf(bar)) / period) * periodsPerYear));
      };
    },
  });
}

const rogersSatchell = ({ open, high, low, close }: Readonly<IndicatorBar>) =>
  Math.log(high / close) * Math.log(high / open) + Math.log(low / close) * Math.log(low / open);

export const VOLATILITY: readonly IndicatorDefinition[] = [
  indicator({
    name: "volatility",
    title: "Close-to-close volatility",
    source: "sample standard deviation of logarithmic returns",
    needs: ["close"],
    params: PARAMS,
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period, periodsPerYear }) => {
      const [before, window] = [lagOf(1), new Window(period)];
      return ({ close }, out) => {
        window.push(Math.log(close / before(close)));
        out[0] = window.isFull ? Math.sqrt((window.squares() / (period - 1)) * periodsPerYear) : Number.NaN;
      };
    },
  }),
  fromBars(
    {
      name: "parkinson",
      title: "Parkinson volatility",
      source: "M. Parkinson, The Extreme Value Method for Estimating the Variance of the Rate of Return, Journal of Business 53, 1980",
      needs: ["high", "low"],
    },
    ({ high, low }) => Math.log(high / low) ** 2 / (4 * Math.LN2),
  ),
  fromBars(
    {
      name: "garmanKlass",
      title: "Garman-Klass volatility",
      source: "M. Garman and M. Klass, On the Estimation of Security Price Volatilities from Historical Data, Journal of Business 53, 1980",
      needs: ["open", "high", "low", "close"],
    },
    ({ open, high, low, close }) => 0.5 * Math.log(high / low) ** 2 - (2 * Math.LN2 - 1) * Math.log(close / open) ** 2,
  ),
  fromBars(
    {
      name: "rogersSatchell",
      title: "Rogers-Satchell volatility",
      source: "L. Rogers and S. Satchell, Estimating Variance from High, Low and Closing Prices, Annals of Applied Probability 1, 1991",
      needs: ["open", "high", "low", "close"],
    },
    rogersSatchell,
  ),
  indicator({
    name: "yangZhang",
    title: "Yang-Zhang volatility",
    source: "D. Yang and Q. Zhang, Drift-Independent Volatility Estimation, Journal of Business 73, 2000",
    needs: ["open", "high", "low", "close"],
    params: PARAMS,
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period, periodsPerYear }) => {
      const [before, overnight, within, inside] = [lagOf(1), new Window(period), new Window(period), sumOf(period)];
      const share = 0.34 / (1.34 + (period + 1) / (period - 1));
      return (bar, out) => {
        overnight.push(Math.log(bar.open / before(bar.close)));
        within.push(Math.log(bar.close / bar.open));
        const rogers = inside(rogersSatchell(bar)) / period;
        const variance = overnight.isFull ? overnight.squares() / (period - 1) + (share * within.squares()) / (period - 1) + (1 - share) * rogers : Number.NaN;
        out[0] = Math.sqrt(Math.max(0, variance * periodsPerYear));
      };
    },
  }),
];
