/** Entry of the thread that writes the exchange's book, so that nobody waits for the disk who does not have to. */
import { parentPort, workerData } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { TradingError } from "../base/errors.ts";
import { openBookFile, type BookFile } from "./bookFile.ts";
import type { BookRows } from "./bookRows.ts";

const port = parentPort;
if (port === null) throw new Error("The book's thread is started by the exchange.");

const channel = new Channel({ post: (message) => port.postMessage(message), onMessage: (listener) => port.on("message", listener) });
// Why it cannot be opened is told in words and not thrown: an error that ends a thread overtakes what the thread has said.
try {
  serve(openBookFile((workerData as { path: string }).path));
} catch (error) {
  channel.emit("failed", TradingError.from(error, "book-unusable").toPlain());
}

function serve(file: BookFile): void {
  channel.handle("setSeed", (seed) => file.setSeed(seed as string));
  channel.handle("write", (rows) => file.write(rows as BookRows));
  channel.handle("close", () => {
    file.close();
    setImmediate(() => (port as NonNullable<typeof port>).close());
  });
  channel.emit("ready", file.load());
}
