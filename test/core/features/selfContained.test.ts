import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { commonGlobals, selfContainedSource } from "../../../src/core/features/selfContained.ts";

const globals = commonGlobals();
const outside = 3;
const another = { deep: 1 };

describe("a function that is sent as source", () => {
  function missing(work: (...args: never[]) => unknown): string {
    try {
      selfContainedSource(work, globals);
      return "";
    } catch (error) {
      assert.equal((error as { code: string }).code, "not-self-contained");
      return (error as Error).message;
    }
  }
  const accepted = (work: (...args: never[]) => unknown) => assert.equal(missing(work), "");
  const refused = (work: (...args: never[]) => unknown, names: string) =>
    assert.equal(missing(work), `The function uses ${names}, which it does not define itself; it runs in another process and must be self-contained.`);

  it("may use its arguments, its own variables and what every process has", () => {
    accepted((a: number, { b, c: [d = a] }: { b: number; c: number[] }, ...rest: number[]) => Math.max(a, b, d, ...rest));
    accepted(async () => {
      const os = await import("node:os");
      return os.cpus().length;
    });
    accepted(function own(n: number): number {
      return n < 2 ? 1 : n * own(n - 1) + arguments.length;
    });
    accepted(() => {
      hoisted();
      function hoisted() {
        return later;
      }
      var later = 1;
      for (const x of [1]) {
        try {
          later += x;
        } catch (e) {
          console.log(e);
        }
      }
      class A {
        #p = 1;
        p() {
          return this.#p;
        }
      }
      return new A().p();
    });
    accepted(() => {
      const o = {
        outside: 1,
        method() {
          return this.outside;
        },
      };
      label: for (;;) break label;
      return o.outside;
    });
  });

  it("is refused with the names of what it captures", () => {
    refused(() => outside + 1, "outside");
    refused((x: number) => [x].map((y) => y * outside * another.deep), "outside and another");
    refused((x = outside) => x, "outside");
    refused(() => ({ outside }), "outside");
    refused(() => {
      {
        const outside = 1;
        void outside;
      }
      return outside;
    }, "outside");
    refused(() => assert.ok(describe), "assert and describe");
  });

  it("is refused when it needs the object around it", () => {
    class Holder {
      arrow = () => this;
    }
    refused(new Holder().arrow, "this");
  });

  it("can be a method", () => {
    const source = selfContainedSource(
      {
        twice(x: number) {
          return x * 2;
        },
      }.twice,
      globals,
    );
    assert.equal((runInNewContext(source) as (x: number) => number)(4), 8);
  });

  it("is refused when it has no source: built in, bound, or a class", () => {
    assert.match(missing(Math.max), /no source text/);
    assert.match(missing((() => 1).bind(null)), /no source text/);
    assert.match(missing(class Thing {} as never), /is a class/);
  });
});
