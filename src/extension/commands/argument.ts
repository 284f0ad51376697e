/** What a caller gives a command (keybinding, task, test, tree row), parsed at the door. */
import * as v from "valibot";
import { badInput } from "../../core/base/errors.ts";

/** An absent argument is an empty one; a wrong one is refused, naming the field. */
export function parseArgument<S extends v.GenericSchema<unknown, object>>(schema: S, argument: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, argument ?? {});
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw badInput("bad-argument", `The command's argument is wrong at "${v.getDotPath(issue) ?? "."}": ${issue.message}`);
}

/** A symbol, as "aapl" or in a row of a view. */
export const SymbolText = v.pipe(v.string(), v.trim(), v.toUpperCase(), v.regex(/^[A-Z][A-Z0-9.]{0,9}(\/[A-Z]{3,4})?$/, "is not a symbol; write it like AAPL"));

/** A plain decimal, as text or number. */
export const DecimalText = v.pipe(v.union([v.string(), v.number()]), v.transform(String));
