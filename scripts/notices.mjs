/** dist/NOTICE.txt: the licences of the libraries whose code is inside the bundles, as those licences ask. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FILES = /^(licen[sc]e|copying|notice)(\.(md|txt))?$/i;

/** `inputs`: the paths of all source files that went into bundles, relative to `root`. */
export function notices(root, inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
    if (found !== null) folders.add(found[0]);
  }
  const texts = new Map();
  for (const folder of folders) {
    const manifest = join(root, folder, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, version, license, author } = JSON.parse(readFileSync(manifest, "utf8"));
    const files = readdirSync(join(root, folder))
      .filter((file) => FILES.test(file))
      .sort();
    const body = files.map((file) => readFileSync(join(root, folder, file), "utf8").trim()).join("\n\n");
    const by = typeof author === "string" ? author : author?.name;
    texts.set(`${name} ${version}`, body || `Licence: ${license ?? "not stated"}${by === undefined ? "" : `, by ${by}`}`);
  }
  const sections = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([title, body]) => `${"=".repeat(80)}\n${title}\n\n${body}\n`);
  return `Quantdesk contains code of the following packages, under their own licences.\n\n${sections.join("\n")}`;
}
