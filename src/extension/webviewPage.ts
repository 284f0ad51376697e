/** The page of a webview: our own bundle and style, a nonce, and nothing else may load or run. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

export function webviewRoot(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, "dist", "webview");
}

export function webviewPage(webview: vscode.Webview, extensionUri: vscode.Uri, name: "dashboard" | "performance", title: string): string {
  const nonce = randomBytes(16).toString("base64");
  const file = (ending: string) => webview.asWebviewUri(vscode.Uri.joinPath(webviewRoot(extensionUri), `${name}.${ending}`)).toString();
  // lightweight-charts puts one <style> of its own into the page, which carries no nonce: style-src must allow inline styles. Scripts never.
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${webview.cspSource} 'unsafe-inline'; img-src ${webview.cspSource} data:; font-src ${webview.cspSource}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file("css")}">
<title>${title}</title>
</head>
<body><div id="app"></div><script nonce="${nonce}" src="${file("js")}"></script></body>
</html>`;
}
