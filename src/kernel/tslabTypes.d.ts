/** What `import * as tslab from "tslab"` gives in cells: tslab's display functions, by our kernel. */

export declare const versions: { readonly tslab: string; readonly typescript: string; readonly node: string };

export interface Display {
  javascript(text: string): void;
  html(text: string): void;
  markdown(text: string): void;
  latex(text: string): void;
  svg(text: string): void;
  png(bytes: Uint8Array): void;
  jpeg(bytes: Uint8Array): void;
  gif(bytes: Uint8Array): void;
  pdf(bytes: Uint8Array): void;
  text(text: string): void;
  raw(contentType: string, content: string | Uint8Array): void;
}

/** Shows in one place: what is shown later takes the place of what was shown before. */
export declare function newDisplay(): Display;

export declare const display: Display;
