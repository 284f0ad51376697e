/** TypeScript as people write it today, in cells and across them. */
import { refuses, shows, throws, type Behaviour } from "./behaviour.ts";

export const LANGUAGE: readonly Behaviour[] = [
  shows("an enum counts on from a computed member", ["enum Step { A = 'xyz'.length, B = 5, C }", "[Step.A, Step.B, Step.C, Step[6]]"], "[ 3, 5, 6, 'C' ]"),
  shows("an enum of text has no way back", ["enum Side { Buy = 'BUY', Sell = 'SELL' }", "Object.entries(Side).length"], "2"),
  shows("an enum is a type of later cells", ["enum Tif { Day, Gtc }", "function isDay(t: Tif): boolean { return t === Tif.Day }", "isDay(Tif.Gtc)"], "false"),
  shows("a const enum is seen across cells", ["const enum Flag { On = 1 << 2, Off = On | 1 }", "Flag.On + Flag.Off"], "9"),
  refuses("an enum member that is not there", ["enum Tiny { One }", "Tiny.Two"], /^1:6 Property 'Two' does not exist/),
  shows(
    "class decorators replace",
    [
      "const sealed = <T extends new (...a: any[]) => object>(c: T, _: ClassDecoratorContext) => class extends c { tag = 'sealed' };",
      "@sealed class Thing {}\n(new Thing() as any).tag",
    ],
    "'sealed'",
  ),
  shows(
    "decorators add initializers",
    [
      "function bound(_m: Function, c: ClassMethodDecoratorContext) { c.addInitializer(function (this: any) { this[c.name] = this[c.name].bind(this) }) }",
      "class Handler { v = 7; @bound read() { return this.v } }\nconst { read } = new Handler(); read()",
    ],
    "7",
  ),
  shows(
    "decorators with arguments",
    [
      "const tagged = (t: string) => (f: Function, _c: ClassMethodDecoratorContext) => { (f as any).tag = t };\nclass Tg { @tagged('x') m() {} }\n(new Tg().m as any).tag",
    ],
    "'x'",
  ),
  shows(
    "accessor members have a getter and a setter",
    ["class Acc { accessor n = 1 }", "const acc = new Acc(); acc.n += 4; [acc.n, Object.keys(acc).length]"],
    "[ 5, 0 ]",
  ),
  shows(
    "using disposes in reverse",
    [
      "const gone: string[] = [];\nconst res = (n: string) => ({ [Symbol.dispose]() { gone.push(n) } });",
      "{ using a = res('a'); using b = res('b'); }",
      "gone.join('')",
    ],
    "'ba'",
  ),
  shows("await using awaits the end", ["let closed = 0;", "await using conn = { async [Symbol.asyncDispose]() { await null; closed = 1 } };", "closed"], "1"),
  shows(
    "using in a for of",
    [
      "const seen9: string[] = []; for (using r of [1, 2].map((n) => ({ n, [Symbol.dispose]() { seen9.push('-' + n) } }))) seen9.push('+' + r.n)",
      "seen9.join('')",
    ],
    "'+1-1+2-2'",
  ),
  shows("using of nothing", ["using none = null; await using none2 = undefined; none"], "null"),
  shows(
    "variance, this parameters and optional parameter properties",
    [
      "class Vr<in out T> { constructor(public readonly t: T, protected n?: number) {} }\nfunction thisT(this: Date) { return this }\n[new Vr(4).t, thisT.call(new Date(0)).getTime()]",
    ],
    "[ 4, 0 ]",
  ),
  throws("using keeps both errors", ["using bad = { [Symbol.dispose]() { throw new Error('at the end') } }; throw new Error('first')"], /SuppressedError/),
  shows("DisposableStack", ["let freed = 0; { using stack = new DisposableStack(); stack.defer(() => freed++); stack.defer(() => freed++); }", "freed"], "2"),
  shows(
    "satisfies keeps the narrow type",
    ["const routes = { home: '/', help: '/help' } satisfies Record<string, `/${string}`>;", "const k: keyof typeof routes = 'help'; routes[k]"],
    "'/help'",
  ),
  refuses("satisfies that does not", ["const wrong = { a: 1 } satisfies Record<string, string>"], /^1:17 Type 'number' is not assignable to type 'string'/),
  shows(
    "generics with defaults and constraints",
    [
      "function pick<T extends object, K extends keyof T = keyof T>(o: T, ...ks: K[]): Pick<T, K> { return Object.fromEntries(ks.map((k) => [k, o[k]])) as Pick<T, K> }",
      "pick({ a: 1, b: 2 }, 'b')",
    ],
    "{ b: 2 }",
  ),
  shows("const type parameters", ["function lit<const T>(x: T): T { return x }", "const two: readonly ['a', 'b'] = lit(['a', 'b']); two.length"], "2"),
  shows("NoInfer", ["function choose<T extends string>(all: T[], first: NoInfer<T>) { return all.indexOf(first) }", "choose(['a', 'b'], 'b')"], "1"),
  refuses("NoInfer holds", ["choose(['a', 'b'], 'c')"], /^1:20 Argument of type '"c"'/),
  shows(
    "namespaces with functions and nested ones",
    ["namespace Ta { export function double(n: number) { return n * 2 }\n  export namespace Deep { export const pi = 3 } }", "Ta.double(Ta.Deep.pi)"],
    "6",
  ),
  shows(
    "overloads",
    [
      "function size(x: string): number;\nfunction size(x: any[]): string;\nfunction size(x: any): any { return typeof x === 'string' ? x.length : 'list' }",
      "[size('abc'), size([])]",
    ],
    "[ 3, 'list' ]",
  ),
  refuses("an overload that is not there", ["size(4)"], /^1:6 No overload matches this call/),
  shows(
    "abstract classes",
    [
      "abstract class Shape { abstract area(): number; twice() { return 2 * this.area() } }",
      "class Sq extends Shape { constructor(private s: number) { super() } override area() { return this.s ** 2 } }",
      "new Sq(3).twice()",
    ],
    "18",
  ),
  refuses("an abstract class is not made", ["new Shape()"], /^1:1 Cannot create an instance of an abstract class/),
  shows(
    "private names",
    [
      "class Counter { #n = 0; static #made = 0; constructor() { Counter.#made++ } inc() { return ++this.#n } static has(o: object) { return #n in o } }",
      "const ctr = new Counter(); ctr.inc(); [ctr.inc(), Counter.has(ctr), Counter.has({})]",
    ],
    "[ 2, true, false ]",
  ),
  refuses("private names stay private in later cells", ["ctr.#n"], /^1:5 /),
  shows("static blocks", ["class Boot { static ready: string; static { Boot.ready = 'yes' } }", "Boot.ready"], "'yes'"),
  shows(
    "labeled tuples",
    ["type Range2 = [low: number, high: number, step?: number];", "const r2: Range2 = [1, 5]; const [low, high, step = 1] = r2; low + high + step"],
    "7",
  ),
  shows(
    "variadic tuples",
    ["type Tail<T extends unknown[]> = T extends [unknown, ...infer R] ? R : [];", "const tl: Tail<[1, 2, 3]> = [2, 3]; tl"],
    "[ 2, 3 ]",
  ),
  shows("template literal types", ["type Px<N extends number> = `${N}px`;", "const px: Px<10> = '10px'; px"], "'10px'"),
  refuses("template literal types refuse", ["const px2: Px<10> = '11px'"], /^1:7 Type '"11px"' is not assignable to type '"10px"'/),
  shows(
    "mapped and conditional types",
    [
      "type Getters<T> = { [K in keyof T as `get${Capitalize<string & K>}`]: () => T[K] };",
      "const gt: Getters<{ age: number }> = { getAge: () => 3 }; gt.getAge()",
    ],
    "3",
  ),
  shows(
    "type guards and assertions",
    [
      "function isNum(x: unknown): x is number { return typeof x === 'number' }\nfunction must(x: unknown): asserts x { if (x === null) throw new Error('null') }",
      "const un: unknown = 5; must(un); isNum(un) ? un.toFixed(1) : ''",
    ],
    "'5.0'",
  ),
  shows("unique symbols", ["const TAG: unique symbol = Symbol('tag'); interface Tagged { [TAG]: number }", "const tgd: Tagged = { [TAG]: 3 }; tgd[TAG]"], "3"),
  shows("definite assignment and non-null", ["let sure!: string; sure = 'x'; const maybe: string | undefined = 'y';", "sure + maybe!"], "'xy'"),
  shows("optional chaining and nullish assignment", ["let opt: { a?: { b: number } | undefined } = {};", "opt.a ??= { b: 2 }; opt.a?.b"], "2"),
  shows("logical assignment, separators, powers", ["let la: number | null = null; la ||= 1_000; la &&= la ** 2; la"], "1000000"),
  shows("as const", ["const sides = ['buy', 'sell'] as const; type SideT = (typeof sides)[number];", "const sd: SideT = 'sell'; sides.indexOf(sd)"], "1"),
  shows(
    "generators and spread",
    ["function* fib() { let [a, b] = [0, 1]; for (;;) { yield a; [a, b] = [b, a + b] } }", "[...fib().take(7)]"],
    "[\n  0, 1, 1, 2,\n  3, 5, 8\n]",
  ),
  shows(
    "async generators across cells",
    ["async function* ticks(n: number) { for (let i = 0; i < n; i++) yield i }", "const got: number[] = []; for await (const t of ticks(3)) got.push(t); got"],
    "[ 0, 1, 2 ]",
  ),
  shows("for await over promises", ["let sumP = 0; for await (const v of [Promise.resolve(1), 2]) sumP += v; sumP"], "3"),
  shows(
    "labels, break and continue",
    ["let seenL = 0; outer: for (let i = 0; i < 3; i++) { for (;;) { seenL++; if (i === 1) break outer; continue outer } }", "seenL"],
    "2",
  ),
  shows(
    "switch over a union",
    [
      "type Ev = { kind: 'a'; n: number } | { kind: 'b'; s: string };\nfunction read2(e: Ev) { switch (e.kind) { case 'a': return e.n; case 'b': return e.s.length } }",
      "read2({ kind: 'b', s: 'four' })",
    ],
    "4",
  ),
  shows(
    "getters, setters and computed names",
    ["const key9 = 'dyn'; const obj9 = { get [key9]() { return this._v }, set [key9](v: number) { this._v = v * 2 }, _v: 0 };", "obj9.dyn = 4; obj9.dyn"],
    "8",
  ),
  shows("tagged templates", ["const tagT = (s: TemplateStringsArray, ...v: number[]) => s.raw.join('|') + v.join();", "tagT`a${1}\\n${2}c`"], "'a|\\\\n|c1,2'"),
  shows("regular expressions with v and named groups", ["/(?<y>\\d{4})/v.exec('in 2024')?.groups?.y"], "'2024'"),
  shows("new collections and iterator helpers", ["new Set([1, 2, 3]).intersection(new Set([2, 3, 4])).values().map((x) => x * 2).toArray()"], "[ 4, 6 ]"),
  shows("grouping", ["Object.keys(Object.groupBy([1, 2, 3], (n) => (n % 2 ? 'odd' : 'even')))"], "[ 'odd', 'even' ]"),
  shows("Promise.withResolvers", ["const wr = Promise.withResolvers<number>(); wr.resolve(3); await wr.promise"], "3"),
  shows("interfaces merge within a cell", ["interface Mg { a: number }\ninterface Mg { b: number }\nconst mg: Mg = { a: 1, b: 2 }; mg.a + mg.b"], "3"),
  shows(
    "recursive types",
    [
      "type Tree = { v: number; kids?: Tree[] };\nconst sumT = (t: Tree): number => t.v + (t.kids ?? []).reduce((s, k) => s + sumT(k), 0);",
      "sumT({ v: 1, kids: [{ v: 2, kids: [{ v: 3 }] }] })",
    ],
    "6",
  ),
  shows("this types and chaining", ["class Chain { n = 0; add(k: number): this { this.n += k; return this } }", "new Chain().add(1).add(2).n"], "3"),
  shows(
    "a class extends one of an earlier cell",
    ["class Base1 { hi() { return 'base' } }", "class Sub1 extends Base1 { override hi() { return super.hi() + '+' } }", "new Sub1().hi()"],
    "'base+'",
  ),
  shows("a class expression keeps its name", ["const Named1 = class {}; Named1.name"], "'Named1'"),
  shows("an arrow keeps its name", ["const arrow1 = () => 1; arrow1.name"], "'arrow1'"),
  shows("a function in an awaiting cell keeps its name", ["await 0; function named2() {}\nnamed2.name"], "'named2'"),
  shows(
    "mutual recursion over cells",
    [
      "function isEven(n: number): boolean { return n === 0 || isOdd1(n - 1) }\nfunction isOdd1(n: number): boolean { return n !== 0 && isEven(n - 1) }",
      "isEven(10)",
    ],
    "true",
  ),
  shows("declare tells of what is there", ["declare const navigator2: undefined; typeof navigator2"], "'undefined'"),
  shows("ambient declarations make no code", ["declare function ghost(): void; declare class Ghost { g: number }\n1"], "1"),
  shows("import.meta.dirname and url", ["typeof import.meta.dirname + import.meta.url.slice(0, 5)"], "'stringfile:'"),
  shows(
    "symbols of the language",
    [
      "class It { *[Symbol.iterator]() { yield 1; yield 2 } static [Symbol.hasInstance](x: unknown) { return x === 5 } }",
      "[[...new It()], (5 as unknown) instanceof (It as any)]",
    ],
    "[ [ 1, 2 ], true ]",
  ),
  shows("a proxy", ["new Proxy({} as Record<string, number>, { get: (_t, k) => String(k).length }).four"], "4"),
  shows("weak references", ["const held = { a: 1 }; new WeakRef(held).deref()?.a"], "1"),
  refuses("an unused @ts-expect-error", ["// @ts-expect-error\nconst ok1: number = 1"], /^1:1 Unused '@ts-expect-error'/),
  refuses("an implicit any", ["function imp(x) { return x }"], /^1:14 Parameter 'x' implicitly has an 'any' type/),
  refuses("undefined where it may not be", ["const mayBe: { a?: string } = {}; mayBe.a.length"], /^1:35 .*possibly 'undefined'/),
  shows(
    "generic arrows, with a comma or a bound",
    ["const idA = <T,>(x: T): T => x; const idB = async <T extends number>(x: T) => x;", "idA(1) + (await idB(2))"],
    "3",
  ),
  shows("casts in angle brackets", ["const cast9: unknown = 'abc'; (<string>cast9).length"], "3"),
  shows(
    "hoisting, and functions that use what a later line and a later cell make",
    [
      "function usesLater() { return fromLater() + valueLater }\nfunction fromLater() { return 1 }\nlet valueLater = 2;",
      "function fromLater() { return 10 }\nvalueLater = 5;",
      "usesLater()",
    ],
    "15",
  ),
  shows(
    "a default-exported class, names in capital escapes, numbers in every base",
    ["export default class Dflt { z = 0b101 + 0o7 + 0x1f + 1_000 }\nconst \\u0061b9 = new Dflt().z; ab9"],
    "1043",
  ),
  shows(
    "a for await over an object of one's own",
    ["const seen8: number[] = []; for await (const n of { async *[Symbol.asyncIterator]() { yield 1; yield 2 } }) seen8.push(n); seen8"],
    "[ 1, 2 ]",
  ),
  refuses("what a block declares is not there after it", ["if (true) { function inBlock9() {} }\ninBlock9"], /^2:1 Cannot find name 'inBlock9'/),
];
