/** What front, runner and owner say to each other. Messages of the runner are parsed, since cells run in that process. */
import * as v from "valibot";
import { MAX_LOOK_CHARACTERS, MAX_LOOK_PARTS, MAX_LOOK_ROWS, type Look, type Looked } from "../core/domain/shown.ts";

/** One output in several forms, always with "text/plain". */
export type MimeBundle = Readonly<Record<string, string | object>>;

export interface CellError {
  readonly name: string;
  readonly message: string;
  /** Places in cells read "Cell 3:2:9": execution count, line, column. */
  readonly stack: string;
  /** Of a refused or failed desk call. */
  readonly code?: string | undefined;
  readonly hint?: string | undefined;
}

export type Output =
  | { readonly kind: "stream"; readonly stream: "stdout" | "stderr"; readonly text: string }
  /** A value shown by `display`, or as the cell's result. Shown again under the same id it replaces the old one. */
  | { readonly kind: "display"; readonly data: MimeBundle; readonly id?: string | undefined; readonly isResult: boolean }
  | { readonly kind: "update"; readonly data: MimeBundle; readonly id: string }
  | { readonly kind: "clear" }
  /** An error outside the cell's own course: a timer's, an unhandled rejection. */
  | { readonly kind: "error"; readonly error: CellError };

export interface TypeProblem {
  /** TypeScript's number; 0 where the text cannot be run for another reason. */
  readonly code: number;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  /** Length in the cell's text, at least 1. */
  readonly length: number;
  readonly frame: string;
}

export interface CellHover {
  readonly type: string;
  readonly documentation: string;
}

export interface SignatureText {
  /** As a call would be declared: "plus(a: number, b?: number): number". */
  readonly label: string;
  readonly documentation: string;
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly documentation: string }>;
}

/** What a call takes, and which argument is being written. */
export interface SignatureHelp {
  readonly signatures: readonly SignatureText[];
  readonly activeSignature: number;
  readonly activeParameter: number;
}

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Where a name was declared, and how long it is: in the text that was asked about, in a cell that has run, or in a file. */
export type Definition = Place & { readonly length: number } & (
    | { readonly in: "text" }
    | { readonly in: "cell"; readonly run: number }
    | { readonly in: "file"; readonly path: string }
  );

export type CellOutcome =
  /** `memoryBytes`: resident memory of the runner when the cell had ended. */
  | { readonly status: "ok"; readonly executionCount: number; readonly durationMs: number; readonly memoryBytes?: number }
  | { readonly status: "error"; readonly executionCount: number; readonly durationMs: number; readonly memoryBytes?: number; readonly error: CellError }
  /** The cell did not run; the state is as before. */
  | { readonly status: "type-error"; readonly problems: readonly TypeProblem[] }
  | { readonly status: "interrupted"; readonly executionCount: number; readonly durationMs: number; readonly memoryBytes?: number }
  | { readonly status: "dead"; readonly reason: string };

const Variable = v.object({ name: v.string(), type: v.string(), text: v.string(), isOpenable: v.boolean() });
/** A name and what it holds, or a part of that. */
export type Variable = Readonly<v.InferOutput<typeof Variable>>;

/** The answer of the runner, where cells run. */
export function parseVariables(value: unknown): readonly Variable[] {
  return v.parse(v.array(Variable), value);
}

const place = v.pipe(v.number(), v.integer(), v.minValue(0));
const id = v.pipe(v.string(), v.maxLength(100));
const Look = v.variant("what", [
  v.object({
    what: v.literal("rows"),
    id,
    from: place,
    count: v.pipe(place, v.maxValue(MAX_LOOK_ROWS)),
    sort: v.nullable(v.object({ column: place, descending: v.boolean() })),
    filter: v.pipe(v.string(), v.maxLength(500)),
  }),
  v.object({ what: v.literal("parts"), id, path: v.pipe(v.array(place), v.maxLength(1000)), from: place }),
  v.object({ what: v.literal("text"), id, from: place }),
]);

/** A question of a webview; throws for what is none. */
export function parseLook(value: unknown): Look {
  return v.parse(Look, value);
}

const kind = v.picklist(["n", "i", "d", "t", "o", "u"]);
const Cell = v.union([v.number(), v.string(), v.boolean(), v.null(), v.tuple([kind, v.string()])]);
const Looked = v.variant("what", [
  v.object({
    what: v.literal("rows"),
    rowCount: place,
    matching: place,
    rows: v.pipe(v.array(v.array(Cell)), v.maxLength(MAX_LOOK_ROWS)),
    places: v.array(place),
  }),
  v.object({
    what: v.literal("parts"),
    count: place,
    parts: v.pipe(v.array(v.object({ key: v.string(), type: v.string(), text: v.string(), count: place })), v.maxLength(MAX_LOOK_PARTS)),
  }),
  v.object({ what: v.literal("text"), text: v.pipe(v.string(), v.maxLength(MAX_LOOK_CHARACTERS)), characters: place }),
  v.object({ what: v.literal("gone") }),
]);

/** The answer of the runner, where cells run. */
export function parseLooked(value: unknown): Looked {
  return v.parse(Looked, value);
}

/** A cell's script, sent to the runner when it is known; run by its number once its types have been checked. */
export interface ScriptOrder {
  /** Stacks name it "cell:7" by this. */
  readonly script: number;
  readonly code: string;
  readonly globals: readonly string[];
  readonly isAsync: boolean;
}

/** Runs the script that was sent last. */
export interface RunOrder {
  readonly run: number;
  /** Somebody may look at the rest of what it shows. */
  readonly keeps: boolean;
  /** The run before of the same cell: what that showed is gone. */
  readonly replaces: number | null;
}

const Question = v.object({ prompt: v.string(), password: v.boolean(), run: v.number() });
/** What `input` asks. */
export type Question = v.InferOutput<typeof Question>;

export function parseQuestion(value: unknown): Question {
  return v.parse(Question, value);
}

const bundle = v.record(v.string(), v.union([v.string(), v.custom<object>((value) => typeof value === "object" && value !== null)]));
const plainError = v.object({ name: v.string(), message: v.string(), stack: v.string(), code: v.optional(v.string()), hint: v.optional(v.string()) });

/** A line of the runner's pipe. */
const RunnerFrame = v.variant("t", [
  v.object({ t: v.literal("ready") }),
  v.object({ t: v.literal("out"), run: v.number(), stream: v.picklist(["stdout", "stderr"]), text: v.string() }),
  v.object({ t: v.literal("display"), run: v.number(), id: v.string(), update: v.boolean(), data: bundle }),
  v.object({ t: v.literal("clear"), run: v.number() }),
  v.object({
    t: v.literal("done"),
    run: v.number(),
    status: v.picklist(["ok", "error", "interrupted"]),
    error: v.optional(plainError),
    result: v.array(bundle),
    ms: v.number(),
    memoryBytes: v.number(),
  }),
  v.object({ t: v.literal("late"), run: v.number(), error: plainError }),
  v.object({ t: v.literal("exit"), code: v.number() }),
]);
export type RunnerFrame = v.InferOutput<typeof RunnerFrame>;

const End = v.object({ t: v.literal("done"), run: v.number() });

/** Undefined for whatever is not one of ours: a cell can write into the pipe too. */
export function parseRunnerFrame(line: string): RunnerFrame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = v.safeParse(RunnerFrame, value);
  if (parsed.success) return parsed.output;
  // The end of a cell whose value says of itself what is no output: that it has ended counts.
  const end = v.safeParse(End, value);
  if (!end.success) return undefined;
  const error = { name: "NotShown", message: "What the cell shows is no output: each of its forms has to be text or an object.", stack: "" };
  return { ...end.output, status: "error", error, result: [], ms: 0, memoryBytes: 0 };
}
