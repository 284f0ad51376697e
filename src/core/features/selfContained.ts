/**
 * A function as source text that means the same elsewhere. What it captures from around it stays behind when it is sent,
 * so a captured variable is refused by name here instead of failing there.
 */
import { parse, type AnyNode, type Function as FunctionNode, type Node, type Pattern } from "acorn";
import { runInNewContext } from "node:vm";
import { badInput } from "../base/errors.ts";

/** What Node adds to the language's own globals and what is the same in every process. */
const NODE_GLOBALS = [
  "AbortController",
  "AbortSignal",
  "Blob",
  "BroadcastChannel",
  "Buffer",
  "CompressionStream",
  "CryptoKey",
  "DecompressionStream",
  "DOMException",
  "Event",
  "EventTarget",
  "File",
  "FormData",
  "Headers",
  "MessageChannel",
  "MessageEvent",
  "MessagePort",
  "Performance",
  "ReadableStream",
  "Request",
  "Response",
  "TextDecoder",
  "TextEncoder",
  "TransformStream",
  "URL",
  "URLSearchParams",
  "WebSocket",
  "WritableStream",
  "atob",
  "btoa",
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "global",
  "performance",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "structuredClone",
] as const;

/** Names that every process has: not those that somebody has added to this one. */
export function commonGlobals(): ReadonlySet<string> {
  return new Set([...(runInNewContext("Object.getOwnPropertyNames(globalThis)") as string[]), ...NODE_GLOBALS]);
}

/** An expression that evaluates to the function. Throws `not-self-contained` with the names it would miss. */
export function selfContainedSource(work: (...args: never[]) => unknown, globals: ReadonlySet<string>): string {
  const text = Function.prototype.toString.call(work);
  const refuse = (message: string) => badInput("not-self-contained", message, "Pass what it needs in args, or give {module, export} instead.");
  if (/\{\s*\[native code\]\s*\}$/.test(text))
    throw refuse(`The function ${work.name || "given"} has no source text (it is built in or bound), so it cannot be sent.`);
  if (/^class\b/.test(text)) throw refuse(`${work.name || "What was given"} is a class, not a function.`);
  // A method's text is no expression by itself: it is one inside an object.
  const candidates = [`(${text})`, `Object.values({${text}})[0]`];
  for (const source of candidates) {
    const tree = parsed(source);
    if (tree === undefined) continue;
    const missing = freeNames(tree, globals);
    if (missing.length > 0)
      throw refuse(`The function uses ${listed(missing)}, which it does not define itself; it runs in another process and must be self-contained.`);
    return source;
  }
  throw refuse(`The text of the function ${work.name || "given"} cannot be read as one function.`);
}

function parsed(source: string): Node | undefined {
  try {
    const { body } = parse(source, { ecmaVersion: "latest", sourceType: "script" });
    return body.length === 1 && body[0]?.type === "ExpressionStatement" ? body[0].expression : undefined;
  } catch {
    return undefined;
  }
}

function listed(names: readonly string[]): string {
  return names.length === 1 ? (names[0] as string) : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

interface NameScope {
  readonly names: Set<string>;
  readonly parent: NameScope | null;
  /** Where `var` declarations belong. */
  readonly isFunction: boolean;
  /** Has a `this` of its own. */
  readonly bindsThis: boolean;
}

/** Names used but not declared inside, in the order of their first use. Resolved at the end, since declarations are hoisted. */
function freeNames(tree: Node, globals: ReadonlySet<string>): string[] {
  const uses: Array<{ readonly name: string; readonly scope: NameScope }> = [];
  visit(tree as AnyNode, inner(null, {}), uses);
  const free = new Set<string>();
  for (const { name, scope } of uses) {
    if (!isKnown(name, scope) && (name === "this" || name === "super" || !globals.has(name))) free.add(name);
  }
  return [...free];
}

function isKnown(name: string, scope: NameScope | null): boolean {
  for (let at = scope; at !== null; at = at.parent) {
    if (name === "this" || name === "super" ? at.bindsThis : at.names.has(name)) return true;
  }
  return false;
}

function inner(parent: NameScope | null, kind: { readonly isFunction?: boolean; readonly bindsThis?: boolean }): NameScope {
  return { names: new Set(), parent, isFunction: kind.isFunction ?? false, bindsThis: kind.bindsThis ?? false };
}

type Uses = Array<{ readonly name: string; readonly scope: NameScope }>;

function visit(node: AnyNode, scope: NameScope, uses: Uses): void {
  switch (node.type) {
    case "Identifier":
      uses.push({ name: node.name, scope });
      return;
    case "ThisExpression":
      uses.push({ name: "this", scope });
      return;
    case "Super":
      uses.push({ name: "super", scope });
      return;
    case "FunctionDeclaration":
      if (node.id !== null) scope.names.add(node.id.name);
      visitFunction(node, scope, uses);
      return;
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      visitFunction(node, scope, uses);
      return;
    case "ClassDeclaration":
    case "ClassExpression": {
      if (node.type === "ClassDeclaration" && node.id !== null) scope.names.add(node.id.name);
      if (node.superClass !== null && node.superClass !== undefined) visit(node.superClass as AnyNode, scope, uses);
      const body = inner(scope, { isFunction: true, bindsThis: true });
      if (node.id !== null && node.id !== undefined) body.names.add(node.id.name);
      visitChildren(node.body, body, uses);
      return;
    }
    case "VariableDeclaration": {
      const owner = node.kind === "var" ? functionScope(scope) : scope;
      for (const declarator of node.declarations) {
        declare(declarator.id, owner, scope, uses);
        if (declarator.init !== null && declarator.init !== undefined) visit(declarator.init as AnyNode, scope, uses);
      }
      return;
    }
    case "CatchClause": {
      const caught = inner(scope, {});
      if (node.param !== null && node.param !== undefined) declare(node.param, caught, caught, uses);
      visit(node.body, caught, uses);
      return;
    }
    case "BlockStatement":
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
    case "SwitchStatement":
      visitChildren(node, inner(scope, {}), uses);
      return;
    case "StaticBlock":
      visitChildren(node, inner(scope, { isFunction: true }), uses);
      return;
    case "MemberExpression":
      visit(node.object as AnyNode, scope, uses);
      if (node.computed) visit(node.property as AnyNode, scope, uses);
      return;
    case "Property":
    case "MethodDefinition":
    case "PropertyDefinition":
      if (node.computed) visit(node.key as AnyNode, scope, uses);
      if (node.value !== null && node.value !== undefined) visit(node.value as AnyNode, scope, uses);
      return;
    case "LabeledStatement":
      visit(node.body, scope, uses);
      return;
    case "BreakStatement":
    case "ContinueStatement":
    case "MetaProperty":
      return;
    default:
      visitChildren(node, scope, uses);
  }
}

function visitFunction(node: FunctionNode, outer: NameScope, uses: Uses): void {
  const isArrow = node.type === "ArrowFunctionExpression";
  const scope = inner(outer, { isFunction: true, bindsThis: !isArrow });
  if (!isArrow) scope.names.add("arguments");
  if (node.type === "FunctionExpression" && node.id !== null && node.id !== undefined) scope.names.add(node.id.name);
  for (const param of node.params) declare(param, scope, scope, uses);
  if (node.body.type === "BlockStatement") visitChildren(node.body, scope, uses);
  else visit(node.body as AnyNode, scope, uses);
}

/** Adds the names of a pattern to `owner`; its default values and computed keys are uses in `scope`. */
function declare(pattern: Pattern, owner: NameScope, scope: NameScope, uses: Uses): void {
  switch (pattern.type) {
    case "Identifier":
      owner.names.add(pattern.name);
      return;
    case "ObjectPattern":
      for (const property of pattern.properties) {
        if (property.type === "RestElement") {
          declare(property.argument, owner, scope, uses);
          continue;
        }
        if (property.computed) visit(property.key as AnyNode, scope, uses);
        declare(property.value, owner, scope, uses);
      }
      return;
    case "ArrayPattern":
      for (const element of pattern.elements) if (element !== null) declare(element, owner, scope, uses);
      return;
    case "RestElement":
      declare(pattern.argument, owner, scope, uses);
      return;
    case "AssignmentPattern":
      declare(pattern.left, owner, scope, uses);
      visit(pattern.right as AnyNode, scope, uses);
      return;
    case "MemberExpression":
      visit(pattern, scope, uses);
      return;
  }
}

function functionScope(scope: NameScope): NameScope {
  let at = scope;
  while (!at.isFunction && at.parent !== null) at = at.parent;
  return at;
}

function visitChildren(node: Node, scope: NameScope, uses: Uses): void {
  for (const value of Object.values(node) as unknown[]) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (child !== null && typeof child === "object" && typeof (child as { type?: unknown }).type === "string") visit(child as AnyNode, scope, uses);
    }
  }
}
