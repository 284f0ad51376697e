import assert from "node:assert/strict";
import { cellChecks } from "./checks.ts";

describe("a cell that surprises", () => {
  describe("by what it shows:", () => {
    const { check, notebook } = cellChecks();
    check("braces alone are an object", ["{ a: 1, b: 'x' }"], "{ a: 1, b: 'x' }");
    check("braces that are a block stay one", ["let inBlock = 0;", "{ const x = 2; inBlock = x }", "inBlock"], "2");
    check("a revoked proxy", ["const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); proxy"], "<Revoked Proxy>");
    check("a value whose then throws", ["Object.defineProperty({}, 'then', { get() { throw new Error('no') } })"], "{}");
    check("a thenable", ["({ then(f: (n: number) => void) { f(7) } })"], "7");
    check("a type assertion in angle brackets", ["<number>(5 as unknown)"], "5");
    check("an object from another cell's console.group is not indented", ["console.group('G')", "console.log('plain')"], null);

    it("rows whose getter throws are shown as text", async () => {
      const { outcome, shown } = await notebook().run("[{ get a(): number { throw new Error('g') } }]");
      assert.equal(outcome.status, "ok", JSON.stringify(outcome));
      assert.match(shown ?? "", /Getter/);
    });

    it("a string of 100 MB is cut", async () => {
      const { shown } = await notebook().run("'x'.repeat(100_000_000)");
      assert.ok((shown ?? "").length < 100_000);
      assert.match(shown ?? "", /more characters/);
    });

    it("what console.trace prints leads to the cell and holds no frame of ours", async () => {
      const { printed } = await notebook().run("\nconsole.trace('here')");
      assert.match(printed, /^Trace: here\n\s+at Cell \d+:2:9\n$/);
    });
  });

  describe("by what it throws:", () => {
    const { fails, check } = cellChecks();
    fails("undefined", ["throw undefined"], "error", /undefined/);
    fails("null", ["throw null"], "error", /null/);
    fails("an object without a prototype", ["throw Object.create(null)"], "error", /Object: null prototype/);
    fails("a revoked proxy", ["const gone = Proxy.revocable({}, {}); gone.revoke(); throw gone.proxy"], "error", /Thrown/);
    fails(
      "an error whose message throws",
      ["class Bad extends Error { get message(): string { throw new Error('inner') } }\nthrow new Bad()"],
      "error",
      /looking at it throws/,
    );
    fails("an error whose name is a symbol", ["const named = new Error('m'); (named as any).name = Symbol('s'); throw named"], "error", /cannot be shown/);
    fails("a rejected promise as its value", ["Promise.reject(new Error('late'))"], "error", /Error: late/);
    fails("an error with a cause that is text", ["throw new Error('o', { cause: 'because' })"], "error", /\[cause\]: 'because'/);
    fails("several errors", ["throw new AggregateError([new Error('one'), new TypeError('two')], 'many')"], "error", /many[\s\S]*one[\s\S]*two/);
    fails("too deep a recursion", ["function so(): number { return so() + 1 }\nso()"], "error", /RangeError: Maximum call stack/);
    check("and goes on", ["1 + 1"], "2");
  });

  describe("by its names:", () => {
    const { check } = cellChecks();
    for (const name of [
      "$show",
      "$await",
      "$import",
      "$fn",
      "$iterate",
      "$cell",
      "fetch",
      "URL",
      "console",
      "desk",
      "display",
      "globalName",
      "ñandú",
      "日本",
    ]) {
      check(
        `${name} is the user's, and the next cells run`,
        [`const ${name} = 7;`, `${name}`, "const two = await Promise.resolve(2); two", `${name} + 1`],
        "8",
      );
    }
  });

  describe("by its text:", () => {
    const { check, fails } = cellChecks();
    check("is empty", [""], null);
    check("is a comment", ["// only"], null);
    check("ends its lines as Windows does", ["const w1 = 1;\r\nconst w2 = 2;\r\nw1 + w2\r\n"], "3");
    fails("has its errors at the right column after an emoji", ["const s = '😀'; const q: number = 'x'"], "type-error", /^1:23 2322/);
    fails("is not closed", ["const open = ["], "type-error", /^1:15/);
    fails("is refused when nested without end", [`${"[".repeat(5000)}${"]".repeat(5000)}`], "type-error", /nested more than 1000 deep/);
    check("leaves the kernel as it was then", ["1 + 1"], "2");
    check("declares 5,000 names", [Array.from({ length: 5000 }, (_, i) => `const v${i}: number = ${i};`).join("\n"), "v4999"], "4999");
    check(
      "declares something globally",
      [
        "declare global { var gInt: number; interface Array<T> { zip9(): number } }\nglobalThis.gInt = 6;",
        "Array.prototype.zip9 = () => 9;",
        "[].zip9() + gInt",
      ],
      "15",
    );
    check("silences the checker", ["// @ts-expect-error\nconst tee: number = 'x'; tee"], "'x'");
    fails("silences nothing", ["// @ts-expect-error\nconst fine: number = 1;"], "type-error", /^1:1 2578/);
    fails("is JSX", ["const el = <div>hi</div>;"], "type-error", /./);
  });
});
