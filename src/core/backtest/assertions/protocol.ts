/** What an assertion file's own process tells the session. */
import * as v from "valibot";

const Place = v.object({ index: v.number(), time: v.string() });

export const Declared = v.array(
  v.object({ spec: v.record(v.string(), v.unknown()), checks: v.array(v.object({ name: v.string(), line: v.nullable(v.number()) })) }),
);

export const Checked = v.array(
  v.object({
    status: v.picklist(["passed", "failed"]),
    message: v.optional(v.string()),
    bar: v.optional(Place),
    trade: v.optional(v.looseObject({ number: v.number(), entryIndex: v.number(), entryTime: v.string(), exitIndex: v.number(), exitTime: v.string() })),
  }),
);
