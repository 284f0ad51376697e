import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSession, stopExchange, type Session } from "../../../src/core/session.ts";

describe("a session whose exchange ends", function () {
  this.timeout(40_000);
  const { signal } = new AbortController();
  let home: string;
  let session: Session;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), "quantdesk-gone-"));
    session = await openSession({ front: "test", home });
  });
  after(async () => {
    await session.close();
    await stopExchange(home, signal);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  it("says that it is not connected, and starts the exchange again for the next connect, with the same account", async () => {
    const before = await session.connect(signal);
    const disconnected = new Promise<void>((resolve) =>
      session.broker.onState((state) => {
        if (state === "disconnected") resolve();
      }),
    );
    await stopExchange(home, signal);
    await disconnected;
    assert.equal(session.status().connection, "disconnected");
    const after = await session.connect(signal);
    assert.equal(after.accountNumber, before.accountNumber);
    assert.equal((await session.data.quotes(["AAPL"], signal)).size, 1);
  });
});
