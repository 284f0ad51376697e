/** Colours of charts: fixed in the specification, the theme's where the static picture stands in a themed page. */
export const COLOR = { fg: "#3b3b3b", dim: "#717172", grid: "#e3e3e4", axis: "#b8b8b9", up: "#0063d3", down: "#d18616", ground: "#fffffe" } as const;

const THEMED: ReadonlyArray<readonly [string, string]> = [
  [COLOR.fg, "var(--vscode-foreground,#3b3b3b)"],
  [COLOR.dim, "var(--vscode-descriptionForeground,#717172)"],
  [COLOR.grid, "color-mix(in srgb,var(--vscode-foreground,#3b3b3b) 13%,transparent)"],
  [COLOR.axis, "color-mix(in srgb,var(--vscode-foreground,#3b3b3b) 32%,transparent)"],
  [COLOR.up, "var(--vscode-charts-blue,#0063d3)"],
  [COLOR.down, "var(--vscode-charts-orange,#d18616)"],
  [COLOR.ground, "var(--vscode-notebook-cellEditorBackground,var(--vscode-editor-background,#ffffff))"],
];

export function themed(svg: string): string {
  return THEMED.reduce((text, [fixed, variable]) => text.replaceAll(`"${fixed}"`, `"${variable}"`), svg);
}
