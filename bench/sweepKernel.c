/* The yardstick of sweep.bench.ts: the same sweep in C, bar by bar, one combination after another, on one thread.
   gcc -O3 -march=native sweepKernel.c -lm; ./a.out PRICES RESULTS ROUNDS
   PRICES: n, scale, fee, periods a year, number of fast and slow periods, the periods, n opens, n closes; all doubles.
   Prints the milliseconds of each round, by the clock and of the processor: prefix sums, averages, and for every combination return, fall, Sharpe, trades. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

static void walk(long n, const double *restrict open, const double *restrict close, const double *restrict held, const double *restrict fast,
                 const double *restrict slow, long start, double fee, double periods, double *restrict out) {
  double cash = 1, units = 0, before = 1, peak = 1, keep = 1, sum = 0, squares = 0;
  int is_long = 0, want = 0;
  long trades = 0;
  for (long t = start + 1; t < n; t++) {
    if (want != is_long) {
      double equity;
      if (want) {
        units = cash / (open[t] * (1 + fee));
        equity = units * close[t];
        trades++;
      } else {
        cash = units * open[t] * (1 - fee);
        equity = cash;
      }
      is_long = want;
      if (t == n - 1 && is_long) equity *= 1 - fee;
      double r = equity / before - 1;
      sum += r;
      squares += r * r;
      before = equity;
      if (equity > peak) peak = equity;
      else if (equity < keep * peak) keep = equity / peak;
    } else if (is_long) {
      double equity = units * close[t], r = held[t];
      if (t == n - 1) {
        equity *= 1 - fee;
        r = equity / before - 1;
      }
      sum += r;
      squares += r * r;
      before = equity;
      if (equity > peak) peak = equity;
      else if (equity < keep * peak) keep = equity / peak;
    }
    if (fast[t - 1] <= slow[t - 1] && fast[t] > slow[t]) want = 1;
    else if (fast[t - 1] >= slow[t - 1] && fast[t] < slow[t]) want = 0;
  }
  double m = n - 1, mean = sum / m, variance = (squares - sum * mean) / (m - 1);
  out[0] = before - 1;
  out[1] = 1 - keep;
  out[2] = variance > 0 ? mean / sqrt(variance) * sqrt(periods) : 0;
  out[3] = trades;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  FILE *f = fopen(argv[1], "rb");
  double head[6];
  if (f == NULL || fread(head, 8, 6, f) != 6) return 1;
  long n = head[0], a = head[4], b = head[5];
  double *period = malloc(8 * (a + b)), *open = malloc(8 * n), *close = malloc(8 * n), *held = malloc(8 * n), *prefix = malloc(8 * (n + 1));
  double *line = malloc(8 * n * (a + b)), *out = malloc(32 * a * b);
  if (fread(period, 8, a + b, f) != (size_t)(a + b) || fread(open, 8, n, f) != (size_t)n || fread(close, 8, n, f) != (size_t)n) return 1;
  fclose(f);
  for (int round = atoi(argv[3]); round > 0; round--) {
    double started = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
    prefix[0] = 0;
    held[0] = 0;
    for (long t = 0; t < n; t++) prefix[t + 1] = prefix[t] + nearbyint(close[t] * head[1]);
    for (long t = 1; t < n; t++) held[t] = close[t] / close[t - 1] - 1;
    for (long k = 0; k < a + b; k++) {
      long w = period[k];
      double divisor = w * head[1];
      for (long t = 0; t < w - 1; t++) line[k * n + t] = NAN;
      for (long t = w - 1; t < n; t++) line[k * n + t] = (prefix[t + 1] - prefix[t + 1 - w]) / divisor;
    }
    for (long i = 0; i < a; i++)
      for (long j = 0; j < b; j++) {
        long w = period[i] > period[a + j] ? period[i] : period[a + j];
        walk(n, open, close, held, line + i * n, line + (a + j) * n, w - 1, head[2], head[3], out + 4 * (i * b + j));
      }
    printf("%.3f %.3f\n", now(CLOCK_MONOTONIC) - started, now(CLOCK_PROCESS_CPUTIME_ID) - used);
  }
  f = fopen(argv[2], "wb");
  if (f == NULL || fwrite(out, 32, a * b, f) != (size_t)(a * b)) return 1;
  return fclose(f);
}
