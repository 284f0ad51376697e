import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type ConfigOverride } from "../../../src/core/config/load.ts";
import { chooseVenue } from "../../../src/core/config/venue.ts";

describe("configuration", () => {
  let workspace: string;
  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), "quantdesk-config-"));
  });
  afterEach(() => rm(workspace, { recursive: true }));
  const load = async (file: string | null, env: Record<string, string> = {}, overrides: ConfigOverride[] = []) => {
    if (file !== null) await writeFile(join(workspace, "quantdesk.json"), file);
    return loadConfig({ workspace, env, overrides });
  };

  it("takes the highest source: file, environment, VS Code, flag", async () => {
    const file = '{ // two ways to write it\n "features": { "workers": 2 }, "backtest.workers": 3, }';
    assert.equal((await load(null)).config["features.workers"], 8);
    const one = await load(file);
    assert.deepEqual([one.config["features.workers"], one.sources["features.workers"], one.config["backtest.workers"]], [2, "workspace", 3]);
    const two = await load(file, { ASYNC_FEATURES_WORKERS: "5" });
    assert.deepEqual([two.config["features.workers"], two.sources["features.workers"]], [5, "environment"]);
    const three = await load(file, { ASYNC_FEATURES_WORKERS: "5" }, [
      { key: "features.workers", value: 6, source: "vscode" },
      { key: "features.workers", value: 7, source: "flag" },
    ]);
    assert.deepEqual([three.config["features.workers"], three.sources["features.workers"]], [7, "flag"]);
  });

  it("names the nearest setting for whatever is none", async () => {
    for (const [key, near] of [
      ["backtest.worker", "Did you mean backtest.workers?"],
      ["quantdesk.broker.mode", "Did you mean broker.mode?"],
      ["maxworkers", "Did you mean scanners.maxWorkers?"],
      ["APCA_API_KEY_ID", "The nearest is data.feed; quantdesk config lists them all."],
    ] as const)
      await assert.rejects(load(JSON.stringify({ [key]: 2 })), (error: { message: string; hint: string }) => {
        assert.match(error.message, new RegExp(`"${key}".*not a setting`));
        assert.equal(error.hint, near);
        return true;
      });
  });
  it("says which line of the file is broken, and where the file is", () =>
    assert.rejects(load('{\n"backtest.workers": \n}'), (error: { message: string; hint: string }) => {
      assert.match(error.message, /quantdesk\.json line 3/);
      assert.equal(error.hint, `Correct ${join(workspace, "quantdesk.json")}, or move it away.`);
      return true;
    }));
  it("takes no name for granted: __proto__ and toString are unknown settings, an unknown empty group too", async () => {
    await assert.rejects(load('{"__proto__": {"x": 1}}'), /"__proto__\.x".*not a setting/);
    await assert.rejects(load('{"backtest": {"__proto__": {"workers": 3}}}'), /"backtest\.__proto__\.workers".*not a setting/);
    await assert.rejects(load('{"toString": {}}'), /"toString".*not a setting/);
  });
  it("refuses a setting that is there twice, in either way of writing it", async () => {
    await assert.rejects(load('{"backtest.workers": 2, "backtest.workers": 3}'), /backtest\.workers twice/);
    await assert.rejects(load('{"backtest": {"workers": 2}, "backtest.workers": 3}'), /backtest\.workers twice/);
  });
  it("reads a file with a byte order mark", async () => assert.equal((await load('\uFEFF{"backtest.workers": 2}')).config["backtest.workers"], 2));
  it("says so when the file is nested too deeply, too large, or a folder", async () => {
    await assert.rejects(load('{"a":'.repeat(100_000)), /nested too deeply/);
    await assert.rejects(load(`{"a": "${"x".repeat(2 ** 20)}"}`), /larger than 1 MB/);
    await rm(join(workspace, "quantdesk.json"));
    await mkdir(join(workspace, "quantdesk.json"));
    await assert.rejects(load(null), /no file, but a folder/);
  });
  it("says what fits", () => assert.rejects(load('{"backtest.workers": 0}'), /must be a whole number from 1 to 64/));
  it("checks the environment too", () => assert.rejects(load(null, { ASYNC_FEATURES_WORKERS: "many" }), /ASYNC_FEATURES_WORKERS.*"many"/));
  it("takes no hexadecimal number from the environment", () => assert.rejects(load(null, { ASYNC_FEATURES_WORKERS: "0x10" }), /"0x10".*whole number/));
  it("never takes an endpoint or live mode from a workspace", async () => {
    await assert.rejects(load('{"broker.baseUrl": "https://evil.example"}'), /never read from a workspace/);
    await assert.rejects(load('{"broker.mode": "live"}'), /never read from a workspace/);
  });
  it("lets a workspace tighten a risk limit and not loosen it", async () => {
    await assert.rejects(load('{"analysts.budget": 1000}'), /can only tighten/);
    assert.equal((await load('{"risk.maxOrderValue": 100}')).config["risk.maxOrderValue"], 100);
    await assert.rejects(load('{"risk.maxOrderValue": 1000000}'), /can only tighten/);
    const kept = await load('{"risk.maxOrderValue": 100}', {}, [{ key: "risk.maxOrderValue", value: 5000, source: "vscode" }]);
    assert.equal(kept.config["risk.maxOrderValue"], 100);
  });

  describe("venue", () => {
    const paperKeys = { keyId: "PKTEST", secretKey: "s" };
    const venue = async (env: Record<string, string>, keys: typeof paperKeys | undefined, live = false, overrides: ConfigOverride[] = []) => {
      const { config, sources } = await load(null, env, overrides);
      return chooseVenue(config, sources, keys, live);
    };
    it("is the embedded exchange without keys", async () => assert.deepEqual(await venue({}, undefined), { mode: "embedded" }));
    it("is paper with keys, at Alpaca or at a loopback address", async () => {
      assert.equal((await venue({}, paperKeys)).addresses?.tradingUrl, "https://paper-api.alpaca.markets");
      const local = await venue({ APCA_API_BASE_URL: "http://127.0.0.1:1234/v2" }, paperKeys);
      assert.deepEqual(local, {
        mode: "paper",
        addresses: { tradingUrl: "http://127.0.0.1:1234", dataUrl: "http://127.0.0.1:1234", streamUrl: "ws://127.0.0.1:1234/stream" },
      });
    });
    it("is never live by accident", async () => {
      await assert.rejects(venue({ APCA_API_BASE_URL: "https://api.alpaca.markets" }, paperKeys), /live trading was not asked for/);
      await assert.rejects(venue({}, { keyId: "AKLIVE", secretKey: "s" }), /live trading was not asked for/);
      await assert.rejects(venue({}, paperKeys, false, [{ key: "broker.mode", value: "live", source: "vscode" }]), /live trading was not asked for/);
      await assert.rejects(venue({}, undefined, true), /needs Alpaca keys/);
    });
    for (const address of [
      "https://API.Alpaca.Markets",
      "https://api.alpaca.markets:443/v2",
      "https://api.alpaca.markets/",
      "https://api.alpaca.markets:8443",
      "HTTPS://api.alpaca.markets",
      "https://\uff41pi.alpaca.markets",
      "https://api\u3002alpaca\u3002markets",
      "https://%61pi.alpaca.markets",
      "https://broker-api.alpaca.markets",
      "https://alpaca.markets",
    ]) {
      it(`takes ${address} for live`, () => assert.rejects(venue({ APCA_API_BASE_URL: address }, paperKeys), { code: "live-not-confirmed", kind: "refused" }));
    }
    for (const [address, message] of [
      ["https://api.alpaca.markets.", /dot/],
      ["https://paper-api.alpaca.markets./v2", /dot/],
      ["https://user:hunter2@paper-api.alpaca.markets", /credentials/],
      ["http://user:hunter2@example.com", /credentials/],
      ["https://user:hunter2@:0x", /not an address/],
      ["http://127.0.0.1.example.com", /https only/],
      ["http://[::ffff:127.0.0.1]:1", /https only/],
      ["http://0.0.0.0:1", /https only/],
      ["ws://127.0.0.1:1", /https only/],
      ["ftp://127.0.0.1", /https only/],
      ["javascript:alert(1)", /https only/],
      ["paper-api.alpaca.markets", /not an address/],
      ["//paper-api.alpaca.markets", /not an address/],
      ["https://example.com/proxy/v2", /more than/],
      ["https://example.com/v2?to=x", /more than/],
      [" ", /not an address/],
    ] as const) {
      it(`refuses "${address}" as an address, without a password in the sentence`, async () => {
        await assert.rejects(venue({ APCA_API_BASE_URL: address }, paperKeys), (error: { kind: string; message: string }) => {
          assert.equal(error.kind, "usage");
          assert.match(error.message, message);
          assert.ok(!error.message.includes("hunter2"));
          return true;
        });
      });
    }
    for (const address of ["http://127.0.0.1:1", "http://localhost:1/v2/", "http://[::1]:1", "http://127.1:1", "https://example.com:444"]) {
      it(`takes ${address} for paper`, async () => assert.equal((await venue({ APCA_API_BASE_URL: address }, paperKeys)).mode, "paper"));
    }
    it("does not call Alpaca's paper address live", () =>
      assert.rejects(venue({ APCA_API_BASE_URL: "https://paper-api.alpaca.markets" }, paperKeys, true), /nothing is live/));
    it("sends stored keys to the origin they were entered for only, whatever the environment says", async () => {
      const stored = { ...paperKeys, origin: "https://paper-api.alpaca.markets" };
      assert.equal((await venue({}, stored)).addresses?.dataUrl, "https://data.alpaca.markets");
      await assert.rejects(venue({ APCA_API_BASE_URL: "https://evil.example" }, stored), { code: "keys-of-another-origin", kind: "refused" });
      await assert.rejects(venue({ APCA_API_DATA_URL: "https://evil.example" }, stored), { code: "keys-of-another-origin" });
      await assert.rejects(venue({}, stored, true), { code: "keys-of-another-origin" });
    });
    it("sends keys over https only, except to this machine", () => assert.rejects(venue({ APCA_API_BASE_URL: "http://example.com" }, paperKeys), /https only/));
  });
});
