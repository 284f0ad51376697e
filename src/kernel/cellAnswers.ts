/**
 * What the compiler says about a place in a cell: type and documentation, the signature of the call around it, where a
 * name was declared. Names of earlier cells come in through imports; they are followed to the cell that made them.
 */
import { SymbolFlags, type NodeHandle, type Project, type Signature, type Symbol as TypeSymbol } from "typescript/unstable/async";
import { isCallExpression, isNewExpression, SyntaxKind, type CallExpression, type NewExpression, type Node } from "typescript/unstable/ast";
import type { CellHover, SignatureHelp, SignatureText } from "./protocol.ts";

/** Declaration in a file: of a cell, or of the disk; offsets in its text. */
export interface Declared {
  readonly path: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SIGNATURES_LIMIT = 20;
/** NoTruncation and IgnoreErrors of the compiler's own printer. */
const PRINTED = 1 | 70221824;

export async function hoverAt(project: Project, file: string, offset: number): Promise<CellHover | null> {
  const { checker } = project;
  const symbol = await checker.getSymbolAtPosition(file, offset);
  if (symbol === undefined) return null;
  const type = await checker.getTypeOfSymbol(symbol);
  if (type === undefined) return null;
  const origin = await originOf(project, symbol);
  const tags = await checker.getJsDocTagsOfSymbol(origin);
  return {
    type: `${symbol.name}: ${await checker.typeToString(type)}`,
    documentation: [await checker.getDocumentationCommentOfSymbol(origin), ...tags.map(({ name, text }) => `@${name} ${text ?? ""}`.trimEnd())]
      .filter((part) => part !== "")
      .join("\n\n"),
  };
}

/** The call whose arguments `offset` is among; null outside of one. */
export async function signatureAt(project: Project, file: string, offset: number): Promise<SignatureHelp | null> {
  const { checker, program, emitter } = project;
  const source = await program.getSourceFile(file);
  const call = source === undefined ? undefined : callAround(source, source.text, offset);
  if (source === undefined || call === undefined) return null;
  const type = await checker.getTypeAtLocation(call.expression);
  if (type === undefined) return null;
  const all = await checker.getSignaturesOfType(type, isNewExpression(call) ? 1 : 0);
  if (all.length === 0) return null;
  const name = source.text.slice(call.expression.getStart(), call.expression.end);
  const symbol = await checker.getSymbolAtPosition(file, call.expression.end - 1);
  const documentation = symbol === undefined ? "" : await checker.getDocumentationCommentOfSymbol(await originOf(project, symbol));
  const signatures: SignatureText[] = [];
  for (const signature of all.slice(0, SIGNATURES_LIMIT)) {
    const declaration = await checker.signatureToSignatureDeclaration(signature, SyntaxKind.CallSignature, undefined, PRINTED);
    if (declaration === undefined) continue;
    const printed = (await emitter.printNode(declaration)).replace(/;$/, "");
    signatures.push({ label: name + printed, documentation, parameters: await parametersOf(project, signature) });
  }
  return signatures.length === 0 ? null : { signatures, ...activeOf(signatures, argumentsBefore(call, source.text, offset)) };
}

export async function declarationAt(project: Project, file: string, offset: number): Promise<Declared | null> {
  const symbol = await project.checker.getSymbolAtPosition(file, offset);
  if (symbol === undefined) return null;
  const origin = await originOf(project, symbol);
  return await placeOf(origin.valueDeclaration ?? origin.declarations[0]);
}

async function originOf({ checker }: Project, symbol: TypeSymbol): Promise<TypeSymbol> {
  return (symbol.flags & SymbolFlags.Alias) === 0 ? symbol : await checker.getAliasedSymbol(symbol);
}

async function placeOf(handle: NodeHandle | undefined): Promise<Declared | null> {
  const node = await handle?.resolve();
  if (node === undefined) return null;
  const { name } = node as Node & { readonly name?: Node };
  const { fileName, text } = node.getSourceFile();
  return { path: fileName, text, start: (name ?? node).getStart(), end: (name ?? node).end };
}

type Call = CallExpression | NewExpression;

/** The innermost: between its opening parenthesis and its end. */
function callAround(node: Node, text: string, offset: number): Call | undefined {
  let found: Call | undefined;
  node.forEachChild((child) => {
    // An open call ends with what was written last, not with the space behind it.
    const reaches = child.end >= offset || text.slice(child.end, offset).trim() === "";
    if (found === undefined && child.pos <= offset && reaches) found = callAround(child, text, offset);
  });
  if (found !== undefined || !(isCallExpression(node) || isNewExpression(node))) return found;
  const opens = text.indexOf("(", node.expression.end);
  const isClosed = text[node.end - 1] === ")" && offset >= node.end;
  return opens >= 0 && opens < offset && !isClosed ? node : undefined;
}

function argumentsBefore(call: Call, text: string, offset: number): number {
  return (call.arguments ?? []).filter((argument) => argument.end <= offset && text.slice(argument.end, offset).includes(",")).length;
}

async function parametersOf({ checker }: Project, signature: Signature): Promise<SignatureText["parameters"]> {
  const parameters = await signature.getParameters();
  return await Promise.all(parameters.map(async (p) => ({ name: p.name, documentation: await checker.getDocumentationCommentOfSymbol(p) })));
}

/** The first overload that takes so many arguments. */
function activeOf(signatures: readonly SignatureText[], given: number): { readonly activeSignature: number; readonly activeParameter: number } {
  const activeSignature = Math.max(
    0,
    signatures.findIndex(({ parameters }) => parameters.length > given),
  );
  const last = (signatures[activeSignature]?.parameters.length ?? 1) - 1;
  return { activeSignature, activeParameter: Math.max(0, Math.min(given, last)) };
}
