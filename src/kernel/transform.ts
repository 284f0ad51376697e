/**
 * A cell's TypeScript becomes a plain script: types are blanked where they stand, then small edits make top-level
 * names properties of the global object. So closures of earlier cells see later values, any name may be declared
 * again, and line numbers stay what they were.
 */
import { stripTypeScriptTypes } from "node:module";
import { parse, type AnyNode, type ModuleDeclaration, type Node, type Pattern, type Program, type Statement, type VariableDeclaration } from "acorn";
import { Edits, type Mark } from "./edits.ts";
import type { Lowered } from "./lower.ts";

/** How a cell declared a name; "let" can be assigned in later cells. */
export type NameKind = "const" | "let" | "function" | "class" | "enum" | "import" | "type";

export interface CellScript {
  readonly code: string;
  /** Characters before the cell's own first one. */
  readonly headLength: number;
  /** Names to exist on the global object before the script runs. */
  readonly globals: readonly string[];
  /** The script is an async function's call: its answer is to be awaited. */
  readonly isAsync: boolean;
  /** Values that the cell declares at top level. */
  readonly values: ReadonlyMap<string, NameKind>;
  readonly exported: ReadonlySet<string>;
  /** The JavaScript before our edits: types blanked at the same positions, or rewritten (then `map` leads back). */
  readonly js: string;
  readonly marks: readonly Mark[];
  /** From the rewritten text to the cell, when it had to be rewritten (lower.ts). */
  readonly map: string | null;
  /** Names of cells so far that a built-in global has too, kept apart from it as name$u; the set that was given when there is no new one. */
  readonly renamed: ReadonlySet<string>;
}

export interface TransformOptions {
  readonly isBuiltin: (name: string) => boolean;
  /** Names that earlier cells declared over a built-in global. */
  readonly renamed: ReadonlySet<string>;
  /** The cell as the compiler rewrote it, where blanking its types is not enough. */
  readonly lowered?: Lowered | undefined;
}

/** Throws where the text cannot run; with `lowered` it may. */
export function transformCell(text: string, options: TransformOptions): CellScript {
  return new CellTransform(text, options).run();
}

interface PlainScript {
  readonly js: string;
  readonly tree: Program;
  readonly map: string | null;
}

/** Without types: blanked in place, or as the compiler rewrote it. */
function withoutTypes(text: string, lowered: Lowered | undefined): PlainScript {
  // A hashbang is a comment of the first line; behind what we put there it would be none.
  const js = (lowered?.js ?? stripTypeScriptTypes(text, { mode: "strip" })).replace(/^#!/, "//");
  return { js, tree: parseScript(js), map: lowered?.map ?? null };
}

function parseScript(js: string): Program {
  return parse(js, { ecmaVersion: "latest", sourceType: "module", allowAwaitOutsideFunction: true });
}

class CellTransform {
  readonly #text: string;
  readonly #js: string;
  readonly #tree: Program;
  readonly #map: string | null;
  readonly #edits = new Edits();
  readonly #isBuiltin: (name: string) => boolean;
  readonly #before: ReadonlySet<string>;
  readonly #renamed: Set<string>;
  readonly #values = new Map<string, NameKind>();
  readonly #exported = new Set<string>();
  #isAsync = false;

  constructor(text: string, options: TransformOptions) {
    this.#text = text;
    ({ js: this.#js, tree: this.#tree, map: this.#map } = withoutTypes(text, options.lowered));
    this.#isBuiltin = options.isBuiltin;
    this.#before = options.renamed;
    this.#renamed = new Set(options.renamed);
  }

  run(): CellScript {
    const body = this.#tree.body.flatMap((statement) => this.#withoutExport(statement));
    for (const statement of body) this.#declareNames(statement);
    const functions: string[] = [];
    walk(this.#tree, null, false, (node, parent, inFunction) => this.#inner(node, parent, inFunction));
    for (const statement of body) this.#statement(statement);
    const last = body.at(-1);
    if (last?.type === "ExpressionStatement") {
      this.#edits.insert(last.start, ";$show((", "open");
      this.#edits.insert(last.expression.end, "))", "close");
    }
    if (this.#isAsync) {
      for (const statement of body) {
        if (statement.type !== "FunctionDeclaration") continue;
        // Inside the wrapper a function declaration would be local: it gets another name and is published on the first line.
        functions.push(statement.id.name);
        this.#edits.replace(statement.id.start, statement.id.end, `$f_${statement.id.name}`);
      }
    }
    if (this.#renamed.size > 0) walk(this.#tree, null, false, (node, parent) => this.#rename(node, parent));
    const { text: edited, marks } = this.#edits.apply(this.#js);
    const publish = functions.map((name) => `$fn(${JSON.stringify(this.#local(name))},${JSON.stringify(name)},$f_${name});`).join("");
    const head = `"use strict";${this.#isAsync ? `(async()=>{${publish}` : ""}`;
    return {
      code: `${head}${edited}${this.#isAsync ? "\n})()" : ""}`,
      headLength: head.length,
      globals: [...this.#values.keys()].map((name) => this.#local(name)),
      isAsync: this.#isAsync,
      values: new Map([...this.#values].filter(([name]) => this.#isWritten(name))),
      exported: this.#exported,
      js: this.#js,
      marks,
      map: this.#map,
      renamed: this.#renamed.size === this.#before.size ? this.#before : this.#renamed,
    };
  }

  /** `export` is only an ornament in a cell: the declaration behind it counts. */
  #withoutExport(statement: Statement | ModuleDeclaration): Array<Statement | ModuleDeclaration> {
    switch (statement.type) {
      case "ExportNamedDeclaration": {
        const inner = statement.declaration;
        if (inner === null || inner === undefined) {
          for (const { local, exported } of statement.specifiers) {
            if (local.type === "Identifier" && exported.type === "Identifier" && local.name === exported.name) this.#exported.add(local.name);
          }
          this.#blank(statement);
          return [];
        }
        for (const name of inner.type === "VariableDeclaration" ? inner.declarations.flatMap((d) => patternNames(d.id)) : [inner.id.name])
          this.#exported.add(name);
        this.#blank({ start: statement.start, end: inner.start });
        return [inner];
      }
      case "ExportDefaultDeclaration": {
        const inner = statement.declaration;
        this.#blank({ start: statement.start, end: inner.start });
        if ((inner.type === "FunctionDeclaration" || inner.type === "ClassDeclaration") && inner.id !== null) {
          this.#exported.add(inner.id.name);
          return [inner as Statement];
        }
        return [{ type: "ExpressionStatement", start: inner.start, end: statement.end, expression: inner } as unknown as Statement];
      }
      case "ExportAllDeclaration":
        this.#blank(statement);
        return [];
      default:
        return [statement];
    }
  }

  #declareNames(statement: Statement | ModuleDeclaration): void {
    switch (statement.type) {
      case "VariableDeclaration": {
        const kind = statement.kind === "let" || statement.kind === "var" ? "let" : "const";
        for (const { id } of statement.declarations) for (const name of patternNames(id)) this.#declare(name, kind);
        return;
      }
      case "FunctionDeclaration":
        this.#declare(statement.id.name, "function");
        return;
      case "ClassDeclaration":
        this.#declare(statement.id.name, "class");
        return;
      case "ImportDeclaration":
        this.#isAsync = true;
        for (const { local } of statement.specifiers) this.#declare(local.name, "import");
    }
  }

  #statement(statement: Statement | ModuleDeclaration): void {
    switch (statement.type) {
      case "VariableDeclaration":
        this.#variables(statement, "statement");
        return;
      case "ClassDeclaration":
        this.#edits.insert(statement.start, `;${this.#local(statement.id.name)} = `, "open");
        this.#edits.insert(statement.end, ";", "separate");
        return;
      case "ImportDeclaration": {
        const all = statement.specifiers.find((s) => s.type === "ImportNamespaceSpecifier");
        const named = statement.specifiers.filter((s) => s.type !== "ImportNamespaceSpecifier");
        const attributes = Object.fromEntries(statement.attributes.map((a) => [a.key.type === "Identifier" ? a.key.name : String(a.key.value), a.value.value]));
        const call = `await $import(${JSON.stringify(statement.source.value)}${statement.attributes.length === 0 ? "" : `,{with:${JSON.stringify(attributes)}}`})`;
        const one = all === undefined ? call : `${this.#local(all.local.name)} = ${call}`;
        const pattern = named.map((s) => {
          const from = s.type === "ImportDefaultSpecifier" ? "default" : s.imported.type === "Identifier" ? s.imported.name : String(s.imported.value);
          return `${JSON.stringify(from)}: ${this.#local(s.local.name)}`;
        });
        const lines = "\n".repeat(this.#js.slice(statement.start, statement.end).split("\n").length - 1);
        this.#edits.replace(statement.start, statement.end, `;${pattern.length === 0 ? one : `({${pattern.join(", ")}} = ${one})`};${lines}`);
      }
    }
  }

  /** `let a = 1, {b} = c` becomes `;(a = 1), ({b} = c);` */
  #variables(declaration: VariableDeclaration, place: VarPlace): void {
    const [first] = declaration.declarations;
    if (first === undefined) return;
    if (declaration.kind === "using" || declaration.kind === "await using") {
      // Stays a local of the cell's function as well, so that it is disposed when the cell ends.
      this.#isAsync = true;
      for (const { id } of declaration.declarations) {
        if (id.type === "Identifier") this.#edits.replace(id.start, id.end, `$d_${id.name} = ${this.#local(id.name)}`);
      }
      return;
    }
    const keyword = this.#js.slice(declaration.start, first.start);
    // As the body of an `if` it must stay one statement: there no semicolon parts it from what stands before.
    const opening =
      place === "statement"
        ? keyword.replace(declaration.kind, ";".padEnd(declaration.kind.length))
        : place === "body"
          ? keyword.replace(declaration.kind, "   ")
          : "";
    this.#edits.replace(declaration.start, first.start, opening);
    if (place === "head") return;
    for (const one of declaration.declarations) {
      this.#edits.insert(one.start, "(", "open");
      this.#edits.insert(one.end, one.init ? ")" : " = void 0)", "close");
    }
    if (this.#js[declaration.end - 1] !== ";") this.#edits.insert(declaration.end, ";", "separate");
  }

  #inner(node: AnyNode, parent: AnyNode | null, inFunction: boolean): void {
    switch (node.type) {
      case "AwaitExpression":
        if (!inFunction) this.#isAsync = true;
        // Every await of a cell can be refused by an interrupt.
        this.#edits.insert(node.argument.start, "$await(", "open");
        this.#edits.insert(node.argument.end, ")", "close");
        return;
      case "ForOfStatement":
        if (!node.await) return;
        if (!inFunction) this.#isAsync = true;
        this.#edits.insert(node.right.start, "$iterate(", "open");
        this.#edits.insert(node.right.end, ")", "close");
        return;
      case "ImportExpression":
        this.#edits.replace(node.start, node.start + "import".length, "$import");
        return;
      case "MetaProperty":
        if (node.meta.name === "import") this.#edits.replace(node.start, node.end, "$meta");
        return;
      case "VariableDeclaration":
        if (node.kind === "await using" && !inFunction) this.#isAsync = true;
        if (node.kind !== "var" || inFunction || parent === this.#tree || parent === null || parent.type.startsWith("Export")) return;
        // A `var` in a block belongs to the cell's top level.
        for (const { id } of node.declarations) for (const name of patternNames(id)) this.#declare(name, "let");
        this.#variables(node, varPlace(node, parent));
    }
  }

  #rename(node: AnyNode, parent: AnyNode | null): void {
    if (node.type !== "Identifier" || parent === null || !this.#renamed.has(node.name)) return;
    if (/Import|Export|MetaProperty|Label|Break|Continue/.test(parent.type)) return;
    if (parent.type === "MemberExpression" && parent.property === node && !parent.computed) return;
    if ((parent.type === "MethodDefinition" || parent.type === "PropertyDefinition") && parent.key === node && !parent.computed) return;
    if (parent.type === "Property" && parent.key === node && !parent.computed) {
      if (parent.shorthand) this.#edits.replace(node.start, node.end, `${node.name}: ${node.name}$u`);
      return;
    }
    this.#edits.replace(node.start, node.end, `${node.name}$u`);
  }

  #declare(name: string, kind: NameKind): void {
    this.#values.set(name, kind);
    if (this.#isBuiltin(name)) this.#renamed.add(name);
  }

  /** Names that only the compiler's rewriting made are nobody's to see. */
  #isWritten(name: string): boolean {
    return this.#map === null || new RegExp(`(?<![\\p{L}\\p{N}_$])${name.replaceAll("$", "\\$")}(?![\\p{L}\\p{N}_$])`, "u").test(this.#text);
  }

  #local(name: string): string {
    return this.#renamed.has(name) ? `${name}$u` : name;
  }

  #blank({ start, end }: { readonly start: number; readonly end: number }): void {
    this.#edits.replace(start, end, this.#js.slice(start, end).replace(/[^\n]/g, " "));
  }
}

type VarPlace = "statement" | "head" | "body";

/** A `var` between other statements, in the head of a loop, or the whole body of an `if` or a loop. */
function varPlace(node: VariableDeclaration, parent: AnyNode): VarPlace {
  if (parent.type === "ForStatement" && parent.init === node) return "head";
  if ((parent.type === "ForInStatement" || parent.type === "ForOfStatement") && parent.left === node) return "head";
  return parent.type === "BlockStatement" || parent.type === "SwitchCase" ? "statement" : "body";
}

function patternNames(pattern: Pattern): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((p) => patternNames(p.type === "RestElement" ? p.argument : p.value));
    case "ArrayPattern":
      return pattern.elements.flatMap((e) => (e === null ? [] : patternNames(e)));
    case "AssignmentPattern":
      return patternNames(pattern.left);
    case "RestElement":
      return patternNames(pattern.argument);
    case "MemberExpression":
      return [];
  }
}

function walk(node: AnyNode, parent: AnyNode | null, inFunction: boolean, visit: (node: AnyNode, parent: AnyNode | null, inFunction: boolean) => void): void {
  visit(node, parent, inFunction);
  const deeper = inFunction || node.type.includes("Function") || node.type === "StaticBlock" || node.type === "PropertyDefinition";
  for (const value of Object.values(node) as unknown[]) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) walk(item, node, deeper, visit);
    } else if (isNode(value)) walk(value, node, deeper, visit);
  }
}

function isNode(value: unknown): value is AnyNode {
  return value !== null && typeof value === "object" && typeof (value as Partial<Node>).type === "string";
}
