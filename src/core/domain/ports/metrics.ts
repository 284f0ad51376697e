/** What is measured of the program itself. */
export interface LagStats {
  readonly avg: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface OperationRecord {
  readonly operation: string;
  /** UTC milliseconds. */
  readonly startedAt: number;
  readonly queueMs: number;
  readonly runMs: number;
  readonly ok: boolean;
  readonly error: string | null;
}

export interface MetricsSink {
  record(operation: OperationRecord): void;
}
