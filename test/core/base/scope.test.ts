import assert from "node:assert/strict";
import { abortable, Scope, withDeadline } from "../../../src/core/base/scope.ts";
import { TradingError } from "../../../src/core/base/errors.ts";

describe("Scope", () => {
  it("closes what it holds, newest first, once", async () => {
    const closed: string[] = [];
    const scope = new Scope();
    scope.onClose(() => void closed.push("first"));
    scope.onClose(async () => void closed.push("second"));
    await Promise.all([scope.close(), scope.close()]);
    assert.deepEqual(closed, ["second", "first"]);
  });

  it("closes its children and tells them why", async () => {
    const parent = new Scope({ name: "The session" });
    const child = parent.child();
    await parent.close();
    assert.equal(child.isClosed, true);
    assert.equal((child.signal.reason as TradingError).code, "closed");
  });

  it("runs every closer although one fails, and reports it", async () => {
    let ran = false;
    const scope = new Scope();
    scope.onClose(() => void (ran = true));
    scope.onClose(() => {
      throw new Error("broken");
    });
    await assert.rejects(scope.close(), AggregateError);
    assert.equal(ran, true);
  });

  it("forgets a child that closed by itself", async () => {
    const parent = new Scope();
    for (let i = 0; i < 3; i++) await parent.child().close();
    await parent.close();
  });

  it("refuses new work once closed", async () => {
    const scope = new Scope({ name: "The session" });
    await scope.close();
    assert.throws(() => scope.onClose(() => undefined), /The session is closed/);
  });

  it("gives up work that ignores its deadline", async () => {
    await assert.rejects(
      withDeadline("slow", 5, new AbortController().signal, () => new Promise(() => undefined)),
      (error: TradingError) => error.code === "timeout" && error.message === "slow: timeout after 0.005s",
    );
  });

  it("passes on the caller's abort", async () => {
    const controller = new AbortController();
    const work = withDeadline("work", 60_000, controller.signal, () => new Promise(() => undefined));
    controller.abort(new TradingError("interrupted", "Interrupted.", { kind: "interrupted" }));
    await assert.rejects(work, /Interrupted/);
  });

  it("leaves no unhandled failure behind when nobody waits any more", async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listener);
    try {
      const failing = Promise.reject(new Error("later"));
      await assert.rejects(abortable(failing, AbortSignal.abort(new Error("gone"))), /gone/);
      await new Promise((done) => setImmediate(done));
      assert.deepEqual(unhandled, []);
    } finally {
      process.off("unhandledRejection", listener);
    }
  });
});
