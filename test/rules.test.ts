/**
 * The rules of the house, read from the sources: who may import whom, no state at module level, nothing that happens on
 * import, nothing of one machine in the files. Each failure names the remedy. docs/architecture.md gives the reasons.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { homedir } from "node:os";
import { dirname, extname, join, relative, sep } from "node:path";
import { parse, type Node } from "acorn";
import { ENTRIES } from "../src/core/base/entry.ts";

const root = join(import.meta.dirname, "..");
const src = join(root, "src");
const posix = (path: string) => path.split(sep).join("/");

function filesBelow(folder: string, skip: readonly string[] = []): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skip.includes(entry.name) ? [] : filesBelow(path, skip);
    return entry.isFile() ? [path] : [];
  });
}

const sources = filesBelow(src).filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
const nameOf = (path: string) => posix(relative(src, path));

/** Started as a process or a worker, or put together from rooms: the places where things happen. */
const entries: ReadonlySet<string> = new Set([...Object.values(ENTRIES), "cli/launcher.ts", "extension/extension.ts"]);

/** Entry files that put rooms together in a process of their own, as session.ts does in the session's. */
const composers: ReadonlySet<string> = new Set([
  "core/session.ts",
  "core/link.ts",
  "core/exchange/main.ts",
  "core/backtest/computeMain.ts",
  "cli/main.ts",
  "kernel/runnerMain.ts",
  "kernel/frontMain.ts",
]);

/** "core/broker", "core/session.ts", "extension" ... */
function roomOf(name: string): string {
  const [first = "", second = ""] = name.split("/");
  return first === "core" ? `core/${second}` : first;
}

const FRONTS = ["cli", "extension", "kernel"];

/** What a file of `room` may import besides its own room. */
function mayImport(room: string, target: string): boolean {
  const to = roomOf(target);
  if (to === "core/base") return true;
  if (room === "core/base") return false;
  if (to === "core/domain") return true;
  if (room.startsWith("core/")) return false;
  if (room === "index.ts") return to === "core/session.ts";
  if (FRONTS.includes(room)) {
    if (to === "core/session.ts" || to === "core/config") return true;
    if (to === "kernel") return true;
    return room === "extension" && to === "webview"; // the formats and messages that both ends of a webview share
  }
  return false;
}

function remedy(room: string, target: string): string {
  if (room === "core/base") return "base stands alone: move what it needs into base/, or hand it in as an argument";
  if (room === "core/domain") return "domain knows base only: move the type into domain/, or the code into a room";
  if (room.startsWith("core/")) return `declare what you need of ${roomOf(target)} as an interface in domain/ports.ts, and let session.ts hand it in`;
  if (room === "webview") return "a webview speaks through messages only: import from webview/, domain/ or base/";
  return "a front goes through the session: offer it on Session (core/session.ts), or move what is pure into domain/";
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"\n]+)"/g)].map((match) => match[1] ?? "");
}

/** The text of the call that begins at `start`, to its closing bracket. */
function callAt(text: string, start: number): string {
  let depth = 0;
  for (let i = text.indexOf("(", start); i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return text.slice(start, i);
  }
  return text.slice(start);
}

function check(failures: readonly string[]): void {
  assert.equal(failures.length, 0, `\n  ${failures.join("\n  ")}`);
}

describe("the rules of the house", () => {
  it("lets rooms and fronts import only what is below them", () => {
    check(
      sources.flatMap((path) => {
        const name = nameOf(path);
        if (composers.has(name)) return [];
        const room = roomOf(name);
        return importsOf(path)
          .filter((specifier) => specifier.startsWith("."))
          .map((specifier) => posix(relative(src, join(dirname(path), specifier))))
          .filter((target) => roomOf(target) !== room && !mayImport(room, target))
          .map((target) => `src/${name} imports ${target}: ${remedy(room, target)}.`);
      }),
    );
  });

  it("keeps `vscode` inside src/extension", () => {
    check(
      sources
        .filter((path) => roomOf(nameOf(path)) !== "extension" && importsOf(path).includes("vscode"))
        .map((path) => `src/${nameOf(path)} imports vscode: hand in what it needs as an interface, from src/extension.`),
    );
  });

  it("keeps no state at module level", () => {
    check(sources.filter((path) => !entries.has(nameOf(path)) && roomOf(nameOf(path)) !== "webview").flatMap((path) => stateOf(path)));
  });

  it("lets importing a file do nothing", () => {
    check(
      sources
        .filter((path) => !entries.has(nameOf(path)) && roomOf(nameOf(path)) !== "webview")
        .flatMap((path) =>
          bodyOf(path)
            .filter((node) => !isDeclaration(node))
            .map((node) => `${at(path, node)} does something when the file is imported: move it into a function that an entry file calls.`),
        ),
    );
  });

  it("gives every process and thread an environment outright: by default they copy ours, with the keys in it", () => {
    // The launcher is the command itself, in another Node.
    const started = /(?<!\.)\b(?:new Worker|new Piscina|spawn|fork)\(/g;
    check(
      sources
        .filter((path) => nameOf(path) !== "cli/launcher.ts" && roomOf(nameOf(path)) !== "webview")
        .flatMap((path) => {
          const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
          return [...text.matchAll(started)]
            .filter(({ index }) => !text.startsWith("fork(name", index) && !/\benv: (?:childEnv\(|\{\})/.test(callAt(text, index)))
            .map(
              ({ index }) =>
                `src/${nameOf(path)} starts something without an environment (${text.slice(index, index + 40).split("\n")[0]}…): say env: childEnv().`,
            );
        }),
    );
  });

  it("knows every entry file", () => {
    check(
      [...entries]
        .filter((name) => !existsSync(join(src, name)))
        .map((name) => `src/${name} is in ENTRIES (src/core/base/entry.ts) but not there: write it or take it out of the table.`),
    );
  });
});

describe("the files of the repository", () => {
  it("hold no address of a package registry", () => {
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, { resolved?: string; link?: boolean }> };
    const bound = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined && entry.link !== true);
    check(
      bound
        .slice(0, 5)
        .map(([name]) => `package-lock.json says where ${name} comes from: npm install --package-lock-only --omit-lockfile-registry-resolved takes it out.`),
    );
    const settings = join(root, ".npmrc");
    check(
      existsSync(settings) && /registry|_auth/i.test(readFileSync(settings, "utf8"))
        ? [".npmrc names a registry: that belongs into the user's own ~/.npmrc."]
        : [],
    );
  });

  it("say of every dependency with an install script whether it runs", () => {
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, { hasInstallScript?: boolean }> };
    const { allowScripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { allowScripts: Record<string, boolean> };
    const names = Object.entries(lock.packages)
      .filter(([name, entry]) => name !== "" && entry.hasInstallScript === true)
      .map(([name]) => name.replace(/^.*node_modules\//, ""));
    check(
      names
        .filter((name) => allowScripts[name] === undefined)
        .map((name) => `${name} has an install script: deny it in package.json (allowScripts), or allow it and say in docs/security.md why it must run.`),
    );
  });

  it("name no path of the machine they were written on", () => {
    const textual = new Set(["", ".ts", ".mjs", ".js", ".json", ".md", ".ipynb", ".html", ".css", ".svg", ".yml", ".yaml", ".sh"]);
    const paths = [root, homedir()].filter((path) => path.length > 1).map((path) => (path.endsWith(sep) ? path : path + sep));
    check(
      filesBelow(root, ["node_modules", "dist", "out", ".git", ".vscode-test", "coverage"])
        .filter((path) => textual.has(extname(path)))
        .flatMap((path) => {
          const text = readFileSync(path, "utf8");
          const found = paths.find((machine) => text.includes(machine)) ?? /(?:\/home\/|\/Users\/|C:\\+Users\\+)(?!you\b|me\b|user\b)\w+/.exec(text)?.[0];
          return found === undefined
            ? []
            : [`${posix(relative(root, path))} contains ${found}: use a path relative to the repository, or /home/you in an example.`];
        }),
    );
  });
});

/** The statements of a file, without its types; positions stay those of the source. */
function bodyOf(path: string): AnyNode[] {
  const text = stripTypeScriptTypes(readFileSync(path, "utf8"), { mode: "strip" });
  return (parse(text, { ecmaVersion: "latest", sourceType: "module", locations: true, allowHashBang: true }) as unknown as AnyNode)["body"] as AnyNode[];
}

type AnyNode = Node & Record<string, unknown>;

const at = (path: string, node: AnyNode) => `src/${nameOf(path)}:${node.loc?.start.line}`;

/** `export const x = …` and `const x = …` alike. */
function unwrapped(node: AnyNode): AnyNode {
  return (node.type === "ExportNamedDeclaration" && node["declaration"] !== null ? node["declaration"] : node) as AnyNode;
}

function isDeclaration(node: AnyNode): boolean {
  if (/^(Import|Export)\w*Declaration$|^EmptyStatement$/.test(node.type)) return true;
  return /^(Variable|Function|Class)Declaration$/.test(node.type);
}

/** Names at module level that hold something that can change, and are changed: `let`, `var`, a written Map, Set, array, object or static field. */
function stateOf(path: string): string[] {
  const body = bodyOf(path);
  const containers = new Set<string>();
  const failures: string[] = [];
  for (const statement of body.map(unwrapped)) {
    if (statement.type === "ClassDeclaration") containers.add((statement["id"] as { name: string }).name);
    if (statement.type !== "VariableDeclaration") continue;
    const names = (statement["declarations"] as Array<{ id: { name?: string } }>).map((declaration) => declaration.id.name ?? "(a pattern)");
    if (statement["kind"] !== "const")
      failures.push(
        `${at(path, statement)} declares ${names.join(", ")} with ${String(statement["kind"])}: move it into a class or function that a session owns.`,
      );
    for (const name of names) containers.add(name);
  }
  const written = new Map<string, AnyNode>();
  for (const statement of body) collectWrites(statement, containers, written);
  for (const [name, node] of written)
    failures.push(`${at(path, node)} changes ${name}, which lives at module level: move it into a class or function that a session owns.`);
  return failures;
}

const CHANGING = new Set(["set", "add", "delete", "clear", "push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"]);

function collectWrites(node: AnyNode, names: ReadonlySet<string>, written: Map<string, AnyNode>): void {
  const inner = withoutShadowed(node, names);
  const target = writtenName(node);
  if (target !== undefined && inner.has(target)) written.set(target, node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === "object" && typeof (child as AnyNode).type === "string") collectWrites(child as AnyNode, inner, written);
    }
  }
}

/** What a function calls by the same name is its own. */
function withoutShadowed(node: AnyNode, names: ReadonlySet<string>): ReadonlySet<string> {
  const own: string[] = [];
  if (/Function/.test(node.type)) own.push(...(node["params"] as AnyNode[]).flatMap(patternNames));
  if (node.type === "BlockStatement") {
    for (const statement of node["body"] as AnyNode[]) {
      if (statement.type === "VariableDeclaration")
        own.push(...(statement["declarations"] as Array<{ id: AnyNode }>).flatMap((declaration) => patternNames(declaration.id)));
    }
  }
  return own.length === 0 ? names : new Set([...names].filter((name) => !own.includes(name)));
}

function patternNames(node: AnyNode | null): string[] {
  switch (node?.type) {
    case "Identifier":
      return [node["name"] as string];
    case "AssignmentPattern":
      return patternNames(node["left"] as AnyNode);
    case "RestElement":
      return patternNames(node["argument"] as AnyNode);
    case "ArrayPattern":
      return (node["elements"] as Array<AnyNode | null>).flatMap(patternNames);
    case "ObjectPattern":
      return (node["properties"] as AnyNode[]).flatMap((property) => patternNames((property["value"] ?? property["argument"]) as AnyNode));
    default:
      return [];
  }
}

/** The variable whose contents `node` changes: `x.y = 1`, `x[0]++`, `delete x.y`, `x.push(1)`. */
function writtenName(node: AnyNode): string | undefined {
  switch (node.type) {
    case "AssignmentExpression":
      return rootName(node["left"] as AnyNode);
    case "UpdateExpression":
      return rootName(node["argument"] as AnyNode);
    case "UnaryExpression":
      return node["operator"] === "delete" ? rootName(node["argument"] as AnyNode) : undefined;
    case "CallExpression": {
      const callee = node["callee"] as AnyNode;
      if (callee.type !== "MemberExpression") return undefined;
      const method = (callee["property"] as { name?: string }).name;
      return method !== undefined && CHANGING.has(method) ? rootName(callee["object"] as AnyNode) : undefined;
    }
    default:
      return undefined;
  }
}

function rootName(node: AnyNode): string | undefined {
  if (node.type === "Identifier") return node["name"] as string;
  return node.type === "MemberExpression" ? rootName(node["object"] as AnyNode) : undefined;
}
