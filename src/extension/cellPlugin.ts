/**
 * A plugin of VS Code's own TypeScript service, loaded by that and by nothing of ours. The service takes each cell of a
 * notebook for a file by itself, so `desk`, names of earlier cells and top-level await are errors to it. Its problems for
 * TypeScript cells are dropped: the kernel's checker, which knows the notebook, marks the real ones (notebook/typing.ts).
 */

/** What the service calls a cell: ^/vscode-notebook-cell/…/name.ipynb#… */
const CELL = /^\^\/vscode-notebook-cell\/.*\.ipynb#/;
/** ts.ScriptKind.TS */
const TYPESCRIPT = 3;
const SILENCED = ["getSyntacticDiagnostics", "getSemanticDiagnostics", "getSuggestionDiagnostics"] as const;

type Silenced = Readonly<Record<(typeof SILENCED)[number], (file: string) => unknown[]>>;

interface PluginInfo {
  readonly languageService: Silenced;
  readonly languageServiceHost: { getScriptKind?(file: string): number };
}

/** As the service calls it: https://github.com/microsoft/TypeScript/wiki/Writing-a-Language-Service-Plugin */
export function init(): { create(info: PluginInfo): Silenced } {
  return {
    create({ languageService, languageServiceHost }) {
      const isCell = (file: string): boolean => CELL.test(file) && languageServiceHost.getScriptKind?.(file) === TYPESCRIPT;
      const quiet = Object.fromEntries(
        SILENCED.map((name) => [name, (file: string): unknown[] => (isCell(file) ? [] : languageService[name](file))]),
      ) as unknown as Silenced;
      // Everything else is the service's own, called on the service.
      return new Proxy(languageService, {
        get: (of, key) => {
          if (Object.hasOwn(quiet, key)) return Reflect.get(quiet, key) as unknown;
          const own = Reflect.get(of, key) as unknown;
          return typeof own === "function" ? (own.bind(of) as unknown) : own;
        },
      });
    },
  };
}
