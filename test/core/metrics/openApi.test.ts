import assert from "node:assert/strict";
import { Script } from "node:vm";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { openApiDocument } from "../../../src/core/metrics/openApi.ts";
import { givenApi, type GivenApi } from "./givenApi.ts";

type Operation = { readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>> };
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
  readonly info: { version: string };
};

describe("the OpenAPI document", () => {
  let given: GivenApi;
  let document: Document;
  beforeEach(async () => {
    given = await givenApi();
    document = (await given.call("GET", "/api/performance/openapi.json")).json as unknown as Document;
  });
  afterEach(() => given.end());

  it("is valid OpenAPI 3.1, with the product's version", async () => {
    const result = await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>);
    assert.equal(result.valid, true, JSON.stringify(result));
    assert.match(document.info.version, /^\d+\.\d+\.\d+/);
  });

  it("describes what each path answers, refusals included", async () => {
    given.record(3);
    given.performance.metrics.record({ operation: "executeBlocking", startedAt: 1, queueMs: 0, runMs: 1, ok: false, error: "timeout" });
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, "api");
    const validate = (schema: object, value: unknown, where: string) => {
      const check = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object);
      assert.ok(check(value), `${where}: ${JSON.stringify(check.errors)}`);
    };
    let answered = 0;
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        for (const headers of [{}, { authorization: "Bearer wrong" }, { host: "evil.example" }]) {
          const { status, type, json, text } = await given.call(method.toUpperCase(), path, headers);
          const content = operation.responses[String(status)]?.content;
          const media = type.split(";", 1)[0] as string;
          assert.ok(content?.[media] !== undefined, `${method} ${path} answers ${status} ${media}, which is not described`);
          validate(content[media].schema, media === "application/json" ? json : text, `${method} ${path} ${status}`);
          answered++;
        }
      }
    }
    assert.equal(answered, 3 * 12);
    const bad = await given.call("POST", "/api/performance/benchmarks/signal-generation?num_operations=0");
    validate((openApiDocument("0") as unknown as { components: { schemas: { Error: object } } }).components.schemas.Error, bad.json, "a refusal");
  });
});

describe("the dashboard page", () => {
  it("is served without the token, but under our own name only, and lets nothing else load or run", async () => {
    const given = await givenApi();
    try {
      const answer = await fetch(`${given.api.url}/`);
      assert.equal(answer.status, 200);
      const html = await answer.text();
      const policy = answer.headers.get("content-security-policy") ?? "";
      assert.match(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/);
      assert.doesNotMatch(html, /https?:\/\/(?!www\.w3\.org)|innerHTML/);
      const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? "";
      assert.doesNotThrow(() => new Script(script));
      assert.equal((await given.call("GET", "/", { host: "evil.example" })).status, 403);
      assert.equal((await given.call("GET", "/", { origin: "http://evil.example" })).status, 403);
      assert.equal((await given.call("POST", "/", { authorization: "" })).status, 404);
    } finally {
      await given.end();
    }
  });
});
