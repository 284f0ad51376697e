/** quantdesk serve: performance API and /metrics. */
import type { Command } from "commander";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { wholeNumber } from "../parse.ts";
import { common } from "../flags.ts";

export function addServeCommand(program: Command, context: Context): void {
  common(program.command("serve").description("Serve the performance API and /metrics on loopback, until interrupted."))
    .option("--port <n>", "port; 0 takes a free one", wholeNumber("--port", 0, 65_535), 8000)
    .option("--token-file <file>", "file with the bearer token; made when absent")
    .action((flags: CommonFlags & { port: number; tokenFile?: string }) =>
      withSession(context, flags, async (session) => {
        const { servePerformance } = await import("../../core/session.ts");
        const server = await servePerformance(
          session,
          { port: flags.port, ...(flags.tokenFile === undefined ? {} : { tokenFile: flags.tokenFile }) },
          context.signal,
        );
        context.io.json({ schema: "quantdesk.serve/1", url: server.url, tokenFile: server.tokenFile, pid: process.pid });
        context.io.say(
          `Performance API at ${server.url}/api/performance/health; the token is ${server.tokenFile === null ? "the one in QUANTDESK_TOKEN" : `in ${server.tokenFile}`}. Ctrl-C ends it.`,
        );
        await new Promise<void>((done) => (context.signal.aborted ? done() : context.signal.addEventListener("abort", () => done(), { once: true })));
        await server.close();
      }),
    );
}
