#!/usr/bin/env node
/** `npm run test:alpaca`: the broker's tests against a real Alpaca paper account. Needs keys; refuses live ones. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { node24, root, toolScript } from "./node24.mjs";

const PAPER = "paper-api.alpaca.markets";
const { APCA_API_KEY_ID: keyId = "", APCA_API_SECRET_KEY: secretKey = "", APCA_API_BASE_URL: address = `https://${PAPER}` } = process.env;

function complaint() {
  if (keyId === "" || secretKey === "") return "npm run test:alpaca needs the keys of an Alpaca paper account in APCA_API_KEY_ID and APCA_API_SECRET_KEY.";
  if (/^AK/i.test(keyId)) return "npm run test:alpaca refuses live keys: use those of a paper account.";
  const { hostname } = URL.canParse(address) ? new URL(address) : { hostname: address };
  if (hostname !== PAPER && hostname !== "127.0.0.1" && hostname !== "localhost")
    return `npm run test:alpaca refuses ${hostname}: it runs at ${PAPER}, or at a paper exchange on this machine.`;
  return undefined;
}

const wrong = complaint();
if (wrong !== undefined) {
  console.error(wrong);
  process.exitCode = 2;
} else {
  const child = spawn(node24(), [toolScript("mocha"), join(root, "test", "alpaca", "paperAccount.ts")], { cwd: root, stdio: "inherit" });
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}
