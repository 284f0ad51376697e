import assert from "node:assert/strict";
import type { Behaviour, Seen } from "./behaviour.ts";
import { FAILURES } from "./failures.ts";
import { FRONTS, type Front } from "./fronts.ts";
import { LANGUAGE } from "./language.ts";
import { STATE } from "./state.ts";
import { VALUES } from "./values.ts";

const TABLES: Readonly<Record<string, readonly Behaviour[]>> = {
  "the language": LANGUAGE,
  "names, imports and files": STATE,
  "values and outputs": VALUES,
  "failures and odd cells": FAILURES,
};

/** Nothing of a place in the text is a type error's; a type error begins with its place. */
const IS_REFUSED = /^\d+:\d+ /;

describe("kernel conformance", () => {
  for (const [frontName, open] of Object.entries(FRONTS)) {
    for (const [table, behaviours] of Object.entries(TABLES)) {
      describe(`over ${frontName}: ${table}:`, () => {
        let front: Front;
        before(async () => {
          front = await open();
        });
        after(() => front[Symbol.asyncDispose]());
        for (const behaviour of behaviours) {
          it(behaviour.that, async () => {
            let last: Seen | undefined;
            for (const step of behaviour.steps) {
              assert.equal(last?.failure ?? null, null, `a cell before the last failed: ${last?.failure?.details}`);
              if (typeof step === "string") last = await front.run(step);
              else await front.write(step.file, step.text);
            }
            assert.ok(last, "nothing was run");
            meets(last, behaviour.expected);
          });
        }
      });
    }
  }
});

function meets(seen: Seen, expected: Behaviour["expected"]): void {
  const failure = seen.failure?.details ?? null;
  switch (expected.kind) {
    case "shows":
      assert.equal(failure, null);
      if (expected.text instanceof RegExp) assert.match(seen.shown ?? "nothing", expected.text);
      else assert.equal(seen.shown, expected.text);
      return;
    case "prints":
      assert.equal(failure, null);
      assert.equal(seen.out, expected.out);
      assert.equal(seen.err, expected.err);
      return;
    case "displays":
      assert.equal(failure, null);
      assert.deepEqual(seen.displays, expected.displays);
      return;
    case "throws":
      assert.match(failure ?? "nothing", expected.details);
      assert.doesNotMatch(failure ?? "", IS_REFUSED, "it was refused, not run");
      return;
    case "refuses":
      assert.match(failure ?? "nothing", expected.details);
      assert.match(failure ?? "", IS_REFUSED);
  }
}
