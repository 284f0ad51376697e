/** The plugin of VS Code's TypeScript service: silent about TypeScript cells, and only about those. */
import assert from "node:assert/strict";
import { init } from "../../src/extension/cellPlugin.ts";

const CELL = "^/vscode-notebook-cell/ts-nul-authority/home/me/a.ipynb#W0sZmlsZQ%3D%3D";
const [TYPESCRIPT, JAVASCRIPT] = [3, 1];

class Service {
  readonly asked: string[] = [];
  getSyntacticDiagnostics(file: string): unknown[] {
    return this.#of("syntax", file);
  }
  getSemanticDiagnostics(file: string): unknown[] {
    return this.#of("types", file);
  }
  getSuggestionDiagnostics(file: string): unknown[] {
    return this.#of("hints", file);
  }
  getQuickInfoAtPosition(file: string): unknown[] {
    return this.#of("info", file);
  }
  #of(what: string, file: string): unknown[] {
    this.asked.push(file);
    return [what];
  }
}

describe("the plugin of VS Code's TypeScript service", () => {
  const kinds: Readonly<Record<string, number>> = { [CELL]: TYPESCRIPT, "^/vscode-notebook-cell/x/b.ipynb#W1": JAVASCRIPT };
  const given = (): { readonly service: Service; readonly plugged: Service } => {
    const service = new Service();
    const plugged = init().create({ languageService: service, languageServiceHost: { getScriptKind: (file) => kinds[file] ?? TYPESCRIPT } });
    return { service, plugged: plugged as Service };
  };
  const problems = (service: Service, file: string): unknown[] => [
    ...service.getSyntacticDiagnostics(file),
    ...service.getSemanticDiagnostics(file),
    ...service.getSuggestionDiagnostics(file),
  ];

  it("drops the problems of a notebook's TypeScript cells, without asking for them", () => {
    const { service, plugged } = given();
    assert.deepEqual(problems(plugged, CELL), []);
    assert.deepEqual(service.asked, []);
  });

  it("keeps those of files, of cells in JavaScript, and of whatever else is no notebook", () => {
    for (const file of ["/home/me/a.ts", "/home/me/a.ipynb#b.ts", "^/vscode-notebook-cell/x/b.ipynb#W1", "^/untitled/ts-nul-authority/Untitled-1"]) {
      assert.deepEqual(problems(given().plugged, file), ["syntax", "types", "hints"], file);
    }
  });

  it("leaves every other answer to the service", () => {
    assert.deepEqual(given().plugged.getQuickInfoAtPosition(CELL), ["info"]);
  });
});
