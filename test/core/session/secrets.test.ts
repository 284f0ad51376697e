import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { logTo } from "../../../src/core/base/log.ts";
import { openSession, servePerformance, type Session } from "../../../src/core/session.ts";
import { createDeskHandlers } from "../../../src/kernel/deskHandlers.ts";
import { startKernel } from "../../../src/kernel/host.ts";
import { runNotebook } from "../../../src/kernel/runNotebook.ts";
import { givenExchange, type GivenExchange } from "../exchange/givenExchange.ts";

/** Every one of them holds this text, so that one search finds any. */
const MARK = "mark-of-a-secret-4711";
const OTHER_SECRETS = [
  "FINNHUB_API_KEY",
  "ALPHAVANTAGE_API_KEY",
  "REDDIT_CLIENT_SECRET",
  "OPENAI_API_KEY",
  "LANGSMITH_API_KEY",
  "QUANTDESK_TOKEN",
  "ANYTHING_ELSE",
];
/** Variables that would change what our children are. */
const SWITCHES = { NODE_OPTIONS: "--no-deprecation", LANGSMITH_TRACING: "true" };

/** What code of a person can read without asking anybody, as an expression. */
const LOOK = `(() => {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const { workerData } = process.getBuiltinModule("node:worker_threads");
  const file = (path) => { try { return readFileSync(path, "utf8"); } catch { return ""; } };
  return JSON.stringify({ env: process.env, argv: process.argv, execArgv: process.execArgv, workerData: typeof workerData === "object" ? Object.keys(workerData ?? {}) : null,
    report: process.report.getReport().environmentVariables, environ: file("/proc/self/environ"), cmdline: file("/proc/self/cmdline"),
    child: spawnSync(process.execPath, ["-p", "JSON.stringify(process.env)"], { encoding: "utf8" }).stdout });
})()`;

describe("secrets", function () {
  this.timeout(60_000);
  const signal = new AbortController().signal;
  const before_ = { ...process.env };
  const lines: string[] = [];
  let folder: string;
  let exchange: GivenExchange;
  let session: Session;
  /** Of the paper exchange that the session has keys for. */
  let secretKey: string;

  const setEnvironment = (): void => {
    for (const name of OTHER_SECRETS) process.env[name] = `${MARK}-${name}`;
    Object.assign(process.env, SWITCHES, {
      APCA_API_BASE_URL: exchange.ready.url,
      APCA_API_KEY_ID: exchange.ready.keyId,
      APCA_API_SECRET_KEY: secretKey,
    });
  };
  const restoreEnvironment = (): void => {
    for (const name of Object.keys(process.env)) if (!(name in before_)) delete process.env[name];
  };
  const holdsNone = (text: string, what: string): void => {
    for (const secret of [MARK, secretKey, exchange.ready.keyId as string]) assert.ok(!text.includes(secret), `${what} holds ${secret}: ${text.slice(0, 500)}`);
  };
  /** Of an environment: the names are not there either. */
  const hasNoVariable = (text: string, what: string): void => {
    holdsNone(text, what);
    assert.doesNotMatch(text, /APCA_API|QUANTDESK_TOKEN|NODE_OPTIONS|LANGSMITH/, what);
  };
  /** A file of a person's that looks around when it is imported and when it runs, and writes what it saw. */
  const looking = async (name: string, text: (look: (when: string) => string) => string): Promise<string> => {
    const path = join(folder, name);
    const look = (when: string) =>
      `process.getBuiltinModule("node:fs").writeFileSync(${JSON.stringify(join(folder, "seen"))} + "/" + ${JSON.stringify(`${name}-${when}`)} + process.pid, ${LOOK});`;
    await writeFile(path, `${look("import")}\n${text(look)}`);
    return path;
  };
  const seenBy = (name: string, when: string): void => {
    const files = readdirSync(join(folder, "seen")).filter((file) => file.startsWith(`${name}-${when}`));
    assert.ok(files.length > 0, `${name} did not look around (${when})`);
    for (const file of files) hasNoVariable(readFileSync(join(folder, "seen", file), "utf8"), file);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-secrets-"));
    await mkdir(join(folder, "seen"));
    exchange = await givenExchange("--accounts", "1");
    secretKey = exchange.ready.secretKey;
    setEnvironment();
    session = await openSession({ home: join(folder, "home"), front: "test", log: logTo((level, line) => lines.push(`${level} ${line}`)) });
    assert.equal(session.broker.mode, "paper");
    await session.connect(signal);
  });
  after(async () => {
    restoreEnvironment();
    await session?.close();
    await exchange?.end();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  for (const engine of ["vector", "event", "simple"] as const) {
    it(`are nothing that a strategy file sees in the ${engine} engine`, async () => {
      const name = `strategy-${engine}.js`;
      const strategy = await looking(
        name,
        (look) =>
          `export default { name: "looks", params: {}, signals({ length }) { ${look("run")} return { entries: new Int8Array(length), exits: new Int8Array(length) }; } };`,
      );
      await session.backtest({ data: "sample:simulated", strategy, engine }, signal);
      for (const when of ["import", "run"]) seenBy(name, when);
    });
  }

  it("are nothing that a strategy file sees bar by bar", async () => {
    const strategy = await looking(
      "bars.js",
      (look) => `export default { name: "looks", params: {}, onBar({ index }) { if (index === 0) { ${look("run")} } } };`,
    );
    await session.backtest({ data: "sample:simulated", strategy }, signal);
    for (const when of ["import", "run"]) seenBy("bars.js", when);
  });

  it("are nothing that a scanner file sees", async () => {
    const scanner = await looking(
      "scanner.js",
      (look) => `export default { name: "looks", pipeline: "user", needs: [], async scan() { ${look("run")} return []; } };`,
    );
    await session.scan({ scanners: [], files: [scanner] }, signal);
    for (const when of ["import", "run"]) seenBy("scanner.js", when);
  });

  it("are nothing that a function of executeBlocking sees, sent as text or named in a module", async () => {
    const module = await looking("module.mjs", () => `export function look() { return ${LOOK}; }`);
    hasNoVariable(String(await session.features.executeBlocking({ module, export: "look" }, [], { signal })), "executeBlocking of a module");
    seenBy("module.mjs", "import");
    // oxlint-disable-next-line no-implied-eval -- a function made of text is what is tried here
    const asText = new Function(`return ${LOOK};`) as () => string;
    hasNoVariable(await session.features.executeBlocking(asText, [], { signal }), "executeBlocking of a function");
  });

  it("are nothing that a cell sees, and nothing that its notebook keeps", async () => {
    const kernel = await startKernel({ folder, desk: createDeskHandlers(session, { folder }), log: session.log }, signal);
    try {
      let shown = "";
      const code = `const seen = (new Function(${JSON.stringify(`return ${LOOK}`)})() as string) + JSON.stringify(Object.keys(desk)) + JSON.stringify(await desk.connect()) + JSON.stringify(await desk.account()); seen`;
      const ran = await kernel.execute(code, { cellId: "a", onOutput: (output) => (shown += JSON.stringify(output)), signal });
      assert.equal(ran.status, "ok", inspect(ran, { depth: 5 }));
      assert.match(shown, /PATH/);
      hasNoVariable(shown, "a cell");
    } finally {
      await kernel.close();
    }
    const notebook = join(folder, "notebook.ipynb");
    const cell = {
      cell_type: "code",
      id: "a",
      metadata: {},
      execution_count: null,
      outputs: [],
      source: ["await desk.connect();\n", "console.log(JSON.stringify(process.env));\n", 'await desk.buy("NOSUCH", { qty: 1 })'],
    };
    await writeFile(notebook, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] }));
    await runNotebook(notebook, { session, log: session.log, timeoutMs: 30_000, out: `${notebook}.out` }, signal);
    const written = await readFile(`${notebook}.out`, "utf8");
    assert.match(written, /NOSUCH/);
    hasNoVariable(written, "the notebook");
  });

  it("are in no process or thread that a session starts", async function () {
    if (process.platform !== "linux") return this.skip(); // there is no /proc to look into
    await session.analyze("AAPL", {}, signal);
    const server = await servePerformance(session, { port: 0 }, signal);
    const embedded = await openSession({
      home: join(folder, "embedded"),
      front: "test",
      ownExchange: true,
      overrides: [
        { key: "broker.mode", value: "embedded", source: "flag" },
        { key: "features.useProcessPool", value: true, source: "flag" },
      ],
    });
    const kernel = await startKernel({ folder, desk: createDeskHandlers(session, { folder }), log: session.log, warmSpare: true }, signal);
    try {
      await embedded.connect(signal);
      await embedded.features.warm(signal);
      await kernel.execute("1", { cellId: "a", onOutput: () => undefined, signal });
      const children = descendants().filter((pid) => pid !== exchange.child.pid);
      // One of an earlier test may be on its way out, and gone before it is looked into.
      const there = children.flatMap((pid) => {
        const about = aboutProcess(pid);
        return about === undefined ? [] : [{ pid, about }];
      });
      assert.ok(there.length >= 5, `compute, exchange, features, kernel and its compiler: only ${there.length} are there`);
      for (const { pid, about } of there) {
        hasNoVariable(about, `process ${pid}`);
        const keys = JSON.parse(readFileSync(join(folder, "embedded", "exchange.json"), "utf8"));
        assert.ok(!about.includes(keys.secretKey) && !about.includes(keys.keyId), `process ${pid} holds the built-in exchange's keys`);
      }
    } finally {
      await kernel.close();
      await embedded.close();
      await server.close();
    }
  });

  it("are in no line of a log, whatever the caller says", async () => {
    session.log.warn(`a careless line with ${secretKey} and ${exchange.ready.keyId} and ${MARK}-FINNHUB_API_KEY`);
    await session.store.runs({ limit: 1 }, signal);
    await new Promise((resolve) => setImmediate(resolve));
    holdsNone(lines.join("\n"), "the window's log");
    assert.match(lines.join("\n"), /a careless line with \[secret\] and \[secret\] and \[secret\]/);
  });

  describe("in errors", () => {
    /** A server that answers as it is told, and remembers what came. */
    const answering = async (answer: (request: IncomingMessage) => { status: number; headers?: Record<string, string>; body?: string }) => {
      const seen: string[] = [];
      const server: Server = createServer((request, response) => {
        seen.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
        const { status, headers = {}, body = "" } = answer(request);
        response.writeHead(status, { connection: "close", ...headers }).end(body);
      });
      server.on("upgrade", (request, socket) => {
        seen.push(`UPGRADE ${request.url} ${JSON.stringify(request.headers)}`);
        const { status, headers = {} } = answer(request);
        socket.end(
          `HTTP/1.1 ${status} X\r\n${Object.entries(headers)
            .map(([name, value]) => `${name}: ${value}\r\n`)
            .join("")}content-length: 0\r\n\r\n`,
        );
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const close = async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      };
      return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
    };
    /** The error of connecting at `base` with a key of its own, as text with everything in it. */
    const failure = async (base: string, keys = { keyId: `PK${MARK}`, secretKey: `${MARK}-secret` }): Promise<string> => {
      const told: string[] = [];
      const one = await openSession({
        home: join(folder, "home"),
        front: "test",
        keys,
        overrides: [
          { key: "broker.baseUrl", value: base, source: "flag" },
          { key: "broker.retries", value: 0, source: "flag" },
        ],
        log: logTo((level, line) => told.push(`${level} ${line}`)),
      });
      try {
        const error = await one.connect(signal).then(
          () => assert.fail("it connected"),
          (reason: unknown) => reason,
        );
        return `${inspect(error, { depth: 12, showHidden: true })}\n${JSON.stringify(error)}\n${told.join("\n")}`;
      } finally {
        await one.close();
      }
    };

    it("a wrong key is named by nothing of it", async () => {
      const text = await failure(exchange.ready.url);
      assert.match(text, /[Kk]ey/);
      holdsNone(text, "the error");
      holdsNone(await failure(exchange.ready.url, { keyId: exchange.ready.keyId, secretKey: `${secretKey}x` }), "the error of a secret that is nearly right");
    });

    for (const status of [301, 302, 307, 308]) {
      it(`a redirect with ${status} gets nothing, neither from requests nor from the stream`, async () => {
        const thief = await answering(() => ({ status: 200, body: "{}" }));
        const account = JSON.stringify(await exchange.get("/v2/account"));
        const host = await answering(() => ({ status, headers: { location: `${thief.url}/v2/account` } }));
        // Answers, but sends its stream elsewhere.
        const half = await answering((request) =>
          request.url === "/stream"
            ? { status, headers: { location: `${thief.url}/stream` } }
            : { status: 200, body: account, headers: { "content-type": "application/json" } },
        );
        try {
          holdsNone(await failure(host.url), "the error");
          holdsNone(await failure(half.url), "the error of the stream");
          assert.deepEqual([host.seen.length > 0, half.seen.some((line) => line.startsWith("UPGRADE"))], [true, true]);
          assert.deepEqual(thief.seen, []);
          holdsNone(half.seen.filter((line) => line.startsWith("UPGRADE")).join("\n"), "the stream's handshake");
        } finally {
          await Promise.all([thief.close(), host.close(), half.close()]);
        }
      });
    }

    it("a server that quotes the key does not get it into an error", async () => {
      const parrot = await answering((request) => ({
        status: 403,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ code: 1, message: `no: ${JSON.stringify(request.headers)}` }),
      }));
      try {
        holdsNone(await failure(parrot.url), "the error");
      } finally {
        await parrot.close();
      }
    });

    it("keys with a line break in them are refused by name", async () => {
      const kept = process.env["APCA_API_SECRET_KEY"];
      process.env["APCA_API_SECRET_KEY"] = `${MARK}\r\nX-Evil: 1`;
      try {
        await assert.rejects(openSession({ home: join(folder, "home"), front: "test" }), (error: Error) => {
          assert.match(error.message, /APCA_API_SECRET_KEY holds characters/);
          assert.ok(!inspect(error).includes(MARK));
          return true;
        });
      } finally {
        process.env["APCA_API_SECRET_KEY"] = kept;
      }
    });
  });

  it("are in no file of the state folder", async () => {
    await session.close();
    const home = join(folder, "home");
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    assert.ok(existsSync(join(home, "logs", "quantdesk.log")) && files.length >= 2);
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      if (file.name !== "performance.token") holdsNone((await readFile(path)).toString("latin1"), path);
    }
  });
});

/** Of this process, theirs included. */
/** Environment and arguments; undefined for a process that has ended. */
function aboutProcess(pid: number): string | undefined {
  try {
    return ["environ", "cmdline"].map((name) => readFileSync(`/proc/${pid}/${name}`, "utf8")).join("\n");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function descendants(): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // ended meanwhile
    }
  }
  const found = [process.pid];
  for (let i = 0; i < found.length; i++) for (const [pid, parent] of parents) if (parent === found[i]) found.push(pid);
  return found.slice(1);
}
