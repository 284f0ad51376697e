/**
 * What tests in the extension host may ask of the workbench around them, where VS Code's API shows nothing:
 * POST $VSCODE_HOST_BRIDGE/<action> on loopback, at a random path.
 *
 *   /screenshot?name=x[&delay=ms]   PNG of the workbench into the screenshots folder
 *   /eval?where=page|webviews       body = JavaScript expression; page: its value; webviews: one value per frame
 *   /press?keys=Control+S           key chord          /type  body = text
 *   /click?selector=css             in the page, or with &where=webviews in the first webview that has it
 *   /text?selector=css              its text, or with &where=webviews that of the first webview that has it; null where none has
 *   /size?width=1000&height=3000    of the window; without them as it was at first
 *   /palette?title=...              runs a command through the real command palette
 *   /activations                    rows of "Running Extensions", with activation times as the workbench measured them
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { join, relative } from "node:path";
import { sleep } from "./workbench.mjs";

export class Bridge {
  #page;
  #shots;
  #size;
  #server;
  url;

  constructor(shots) {
    this.#shots = shots;
  }

  async listen() {
    const secret = randomBytes(12).toString("hex");
    this.#server = createServer((request, response) => void this.#answer(request, response, secret));
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}/${secret}`;
  }

  use(page) {
    this.#page = page;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async screenshot(name) {
    const file = join(this.#shots, `${name.replace(/[^\w.-]+/g, "_")}.png`);
    await this.#page.screenshot({ path: file, timeout: 10_000 });
    console.log(`[host] screenshot ${relative(process.cwd(), file)}`);
    return file;
  }

  palette(title) {
    return this.quickPick("F1", `>${title}`, title);
  }

  /** Types into the real quick input (F1 or Ctrl+P). Its list filters with a delay: the wanted row is waited for. */
  async quickPick(key, text, row) {
    await this.#page.keyboard.press(key);
    const input = this.#page.locator('.quick-input-widget:not([style*="display: none"]) input.input').first();
    await input.waitFor({ timeout: 10_000 });
    await input.fill(text);
    await this.#page.locator(".quick-input-list .monaco-list-row.focused", { hasText: row }).first().waitFor({ timeout: 10_000 });
    await this.#page.keyboard.press("Enter");
  }

  /** The list is virtual: rows below the fold do not exist, so the page is made tall for a moment. */
  async activations() {
    const size = this.#page.viewportSize();
    await this.#page.setViewportSize({ width: size.width, height: 6000 });
    try {
      await this.palette("Developer: Show Running Extensions");
      const rows = this.#page.locator(".monaco-list-row", { has: this.#page.locator(".activation-time") });
      await rows.first().waitFor({ timeout: 10_000 });
      await sleep(500);
      return (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
    } finally {
      await this.#page.setViewportSize(size);
    }
  }

  /** A webview is an iframe around a second iframe with its own HTML. */
  #webviews() {
    return this.#page.frames().filter((frame) => frame.parentFrame()?.url().includes("/webview/browser/pre/"));
  }

  async #click(query) {
    const frames = query.get("where") === "webviews" ? this.#webviews() : [this.#page.mainFrame()];
    for (const frame of frames) {
      const found = frame.locator(query.get("selector"));
      if ((await found.count()) === 0) continue;
      await found.first().click({ timeout: 5000 });
      return true;
    }
    throw new Error(`nothing matches ${query.get("selector")}`);
  }

  /** Shadow roots are looked into. */
  async #text(query) {
    for (const frame of query.get("where") === "webviews" ? this.#webviews() : [this.#page.mainFrame()]) {
      const found = frame.locator(query.get("selector"));
      if ((await found.count()) > 0) return found.first().innerText({ timeout: 5000 });
    }
    return null;
  }

  #resize(query) {
    this.#size ??= this.#page.viewportSize();
    const [width, height] = [Number(query.get("width")), Number(query.get("height"))];
    return this.#page.setViewportSize(width > 0 && height > 0 ? { width, height } : this.#size);
  }

  async #act(name, query, body) {
    switch (name) {
      case "screenshot":
        await sleep(Number(query.get("delay") ?? 0));
        return this.screenshot(query.get("name") ?? `shot-${Date.now()}`);
      case "eval":
        if (query.get("where") !== "webviews") return this.#page.evaluate(body);
        return Promise.all(this.#webviews().map((frame) => frame.evaluate(body).catch((error) => `error: ${error.message}`)));
      case "press":
        return this.#page.keyboard.press(query.get("keys"));
      case "type":
        return this.#page.keyboard.type(body);
      case "click":
        return this.#click(query);
      case "text":
        return this.#text(query);
      case "size":
        return this.#resize(query);
      case "palette":
        return this.palette(query.get("title"));
      case "activations":
        return this.activations();
    }
    throw new Error(`unknown action ${name}`);
  }

  async #answer(request, response, secret) {
    const url = new URL(request.url, "http://127.0.0.1");
    const [, key, name] = url.pathname.split("/");
    const reply = (status, value) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value ?? null));
    if (request.method !== "POST" || key !== secret) return reply(404, "unknown");
    let body = "";
    for await (const part of request) body += part;
    try {
      return reply(200, await this.#act(name, url.searchParams, body));
    } catch (error) {
      return reply(500, String(error.message ?? error));
    }
  }
}
