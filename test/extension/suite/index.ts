/** Runs in the extension host (npm test, npm run test:desktop): every *.test file beside it, one after another. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import Mocha from "mocha";

/** First looked at, then traded, then shown; a file that is not named comes last. */
const ORDER = ["activation", "trading", "orders", "dashboard", "notebook", "views", "services", "assertions"].map((name) => `${name}.test.cjs`);
const place = (file: string) => (ORDER.includes(file) ? ORDER.indexOf(file) : ORDER.length);

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: "bdd", timeout: 60_000, color: false, forbidOnly: true });
  for (const name of readdirSync(__dirname)
    .filter((file) => file.endsWith(".test.cjs"))
    .sort((a, b) => place(a) - place(b)))
    mocha.addFile(join(__dirname, name));
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} tests failed`);
}
