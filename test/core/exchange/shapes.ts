/** Alpaca's own description of its answers (OpenAPI), where it is at hand: what of an answer does not fit it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Json } from "./givenExchange.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const spec = join(root, "..", "shared", "spec");
const files = ["trading-api.json", "market-data-api.json"];

interface Described {
  readonly document: Json;
  readonly pattern: RegExp;
  readonly methods: Json;
}

/** Fields of the day-trading rule and its margin, which ended in June 2026: the description still requires some. */
const GONE: ReadonlySet<string> = new Set(
  "pattern_day_trader daytrade_count last_daytrade_count daytrading_buying_power last_daytrading_buying_power bod_dtbp dtbp_check pdt_check".split(" "),
);

export const hasShapes = existsSync(spec);

/** A checker of answers. Without the descriptions it takes everything. */
export function openShapes(): (method: string, path: string, status: number, body: Json) => readonly string[] {
  if (!hasShapes) return () => [];
  const described = files.flatMap((file): Described[] => {
    const document = JSON.parse(readFileSync(join(spec, file), "utf8"));
    return Object.entries<Json>(document.paths).map(([template, methods]) => ({
      document,
      pattern: new RegExp(`^${template.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{[^}]+\}/g, "[^/]+")}$`),
      methods,
    }));
  });
  // Fixed paths before those with parameters.
  described.sort((a, b) => Number(a.pattern.source.includes("[^/]+")) - Number(b.pattern.source.includes("[^/]+")));
  return (method, path, status, body) => {
    const bare = path.split("?")[0] as string;
    const entry = described.find((one) => one.pattern.test(bare) && one.methods[method.toLowerCase()] !== undefined);
    if (entry === undefined) return [];
    const answer = entry.methods[method.toLowerCase()].responses[String(status)];
    if (answer === undefined) return [];
    const schema = resolveRef(entry.document, answer).content?.["application/json"]?.schema;
    return schema === undefined || status >= 400 ? [] : mismatches(entry.document, schema, body, `${method} ${bare}`);
  };
}

function resolveRef(document: Json, node: Json): Json {
  if (typeof node.$ref !== "string") return node;
  return resolveRef(
    document,
    node.$ref
      .slice(2)
      .split("/")
      .reduce((at: Json, key: string) => at[key], document),
  );
}

/** What of a value does not fit an OpenAPI 3.0 schema: types, required properties, enums, formats. */
function mismatches(document: Json, unresolved: Json, value: Json, at: string): string[] {
  const schema = resolveRef(document, unresolved);
  if (schema.allOf !== undefined) return schema.allOf.flatMap((part: Json) => mismatches(document, part, value, at));
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined)
    return choices.some((part: Json) => mismatches(document, part, value, at).length === 0) ? [] : [`${at} fits none of ${choices.length}`];
  if (value === null) return schema.nullable === true ? [] : [`${at} is null`];
  const type = Array.isArray(value) ? "array" : typeof value;
  const wanted = schema.type === "integer" ? "number" : schema.type;
  if (wanted !== undefined && wanted !== type) return [`${at} is ${type}, not ${schema.type}`];
  if (schema.type === "integer" && !Number.isInteger(value)) return [`${at} is not whole`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${at} is ${value}`];
  if (schema.format === "date-time" && type === "string" && Number.isNaN(Date.parse(value))) return [`${at} is no time: ${value}`];
  if (schema.format === "uuid" && type === "string" && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return [`${at} is no id: ${value}`];
  if (type === "array") return value.slice(0, 5).flatMap((item: Json, i: number) => mismatches(document, schema.items ?? {}, item, `${at}[${i}]`));
  if (type !== "object") return [];
  const missing = (schema.required ?? []).filter((name: string) => !(name in value) && !GONE.has(name)).map((name: string) => `${at}.${name} is missing`);
  const parts = Object.entries<Json>(value).flatMap(([name, part]) => {
    const property = schema.properties?.[name] ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
    return property === undefined ? [] : mismatches(document, property, part, `${at}.${name}`);
  });
  return [...missing, ...parts];
}
