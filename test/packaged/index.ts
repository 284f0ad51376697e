/** Runs in the extension host, beside a Quantdesk that was installed from its .vsix (npm run test:packaged). */
import { join } from "node:path";
import Mocha from "mocha";

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: "bdd", timeout: 60_000, color: false, forbidOnly: true });
  mocha.addFile(join(__dirname, "smoke.test.cjs"));
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} tests failed`);
}
