import { cellChecks } from "./checks.ts";

/** How each kind of declaration makes a name K, how it is read, and what it shows. */
const KINDS: ReadonlyArray<readonly [kind: string, declaration: string, use: string, shown: string]> = [
  ["a const", "const K = 1;", "K", "1"],
  ["a let", "let K = 'a';", "K", "'a'"],
  ["a var", "var K = 9", "K", "9"],
  ["a function", "function K() { return 5 }", "K()", "5"],
  ["an async function", "async function K() { return 11 }", "await K()", "11"],
  ["a generator", "function* K() { yield 10 }", "[...K()][0]", "10"],
  ["a class", "class K { v = 6 }", "new K().v", "6"],
  ["an abstract class", "abstract class K { static s = 12 }", "K.s", "12"],
  ["a decorated class", "function asIs(_c: Function, _x: ClassDecoratorContext): void {}\n@asIs class K { static d = 15 }", "K.d", "15"],
  ["an enum", "enum K { A = 7 }", "K.A", "7"],
  ["a const enum", "const enum K { A = 13 }", "K.A", "13"],
  ["a namespace", "namespace K { export const n = 8 }", "K.n", "8"],
  ["an import", "import { join as K } from 'node:path'", "K('a', 'b').length", "3"],
  ["a namespace import", "import * as K from 'node:path'", "typeof K.sep", "'string'"],
  ["a using", "using K = { x: 14, [Symbol.dispose]() {} };", "K.x", "14"],
];

describe("the language of cells", () => {
  describe("lets a name become", () => {
    const { check } = cellChecks();
    for (const [i, [kind, declaration, use, shown]] of KINDS.entries()) {
      for (const step of [1, 4, 7, 11]) {
        const [before, earlier] = KINDS[(i + step) % KINDS.length] as (typeof KINDS)[number];
        check(`${kind} that was ${before}`, [earlier, declaration, use], shown);
      }
    }
  });

  describe("has what must be rewritten to run:", () => {
    const { check } = cellChecks();
    check(
      "class decorators",
      ["function reg(c: Function, ctx: ClassDecoratorContext) { (c as any).tag = ctx.name }\n@reg class Dc {}\n(Dc as any).tag"],
      "'Dc'",
    );
    check("a decorated class in later cells, as value and type", ["const dc: Dc = new Dc(); dc instanceof Dc"], "true");
    check(
      "method decorators",
      [
        "function twice(f: (this: any) => number, ctx: ClassMethodDecoratorContext) { return function (this: any) { return f.call(this) * 2 } }",
        "class Dm { @twice m(): number { return 4 } }\nnew Dm().m()",
      ],
      "8",
    );
    check(
      "field decorators",
      ["function plus(_: undefined, ctx: ClassFieldDecoratorContext) { return (v: number) => v + 1 }\nclass Df { @plus f = 1 }\nnew Df().f"],
      "2",
    );
    check(
      "accessor decorators",
      [
        "function dbl(t: ClassAccessorDecoratorTarget<any, number>, ctx: ClassAccessorDecoratorContext) { return { get(this: any) { return t.get.call(this) * 2 } } }\nclass Da { @dbl accessor v = 4 }\nnew Da().v",
      ],
      "8",
    );
    check(
      "decorators beside enums and parameter properties",
      [
        "enum De { A = 5 }\nfunction add(n: number) { return (f: any, c: ClassMethodDecoratorContext) => function (this: any) { return f.call(this) + n } }\nclass Dx { constructor(public p: number) {} @add(De.A) m() { return this.p } }\nnew Dx(1).m()",
      ],
      "6",
    );
    check(
      "decorators in a cell that awaits",
      ["await 0; class Dw { @twice m(): number { return await1 } }\nconst await1 = await Promise.resolve(21); new Dw().m()"],
      "42",
    );
    check("the accessor keyword", ["class Ac { accessor v = 3; static accessor s = 4 }\nnew Ac().v + Ac.s"], "7");
    check("a namespace in two parts", ["namespace N2 { export const a = 1 }\nnamespace N2 { export const b = 2 }\nN2.a + N2.b"], "3");
    check(
      "namespaces in namespaces",
      ["namespace Out.Inner { export const z = 3; export interface I { k: number } }\nconst iz: Out.Inner.I = { k: 1 }; Out.Inner.z + iz.k"],
      "4",
    );
    check(
      "a namespace again, without what the old one had",
      ["namespace NR { export const a = 1 }", "namespace NR { export const b = 2 }", "Object.keys(NR).join()"],
      "'b'",
    );
    check(
      "a namespace on a class and on a function",
      [
        "class NC { static a = 1 }\nnamespace NC { export const b = 2 }\nfunction NF() { return 1 }\nnamespace NF { export const b = 2 }",
        "NC.a + NC.b + NF() + NF.b",
      ],
      "6",
    );
    check("an enum in two parts", ["enum EE { A = 1 }\nenum EE { B = 2 }\nEE.A + EE.B"], "3");
    check("import x = require()", ["import path2 = require('node:path'); path2.basename('/a/b')"], "'b'");
    check("require, from the notebook's folder", ["require('common')(3)"], "true");
    check("export lists of values and types", ["const el = 1; type Et = 2; export { el }; export type { Et }", "const et: Et = 2; el + et"], "3");
  });

  describe("places the errors of rewritten cells", () => {
    const { fails } = cellChecks();
    fails(
      "where they were thrown",
      [
        "function dec(f: any, c: ClassMethodDecoratorContext) { return f }\nclass Boom {\n  @dec go(): never {\n    throw new RangeError('far')\n  }\n}\nnew Boom().go()",
      ],
      "error",
      /far\n\s+at Boom\.go \(Cell 1:4:11\)\n\s+at Cell 1:7:12/,
    );
    fails("where types do not fit", ["class Wrong { @dec m(): number { return 'x' } }"], "type-error", /^1:34 2322/);
  });
});
