/** quantdesk serve: performance API, dashboard page and /metrics. */
import type { Command } from "commander";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { wholeNumber } from "../parse.ts";
import { common } from "../flags.ts";

export function addServeCommand(program: Command, context: Context): void {
  common(program.command("serve").description("Serve the performance API, its dashboard page and /metrics on loopback, until interrupted."))
    .option("--port <n>", "port; 0 takes a free one", wholeNumber("--port", 0, 65_535), 8000)
    .option("--token-file <file>", "file with the bearer token; made when absent")
    .addHelpText(
      "after",
      "\nWhen it listens it prints one line: quantdesk.serve/1 with `url`, `tokenFile` (null when the token is QUANTDESK_TOKEN) and `pid`." +
        "\nEvery request but the page's needs `Authorization: Bearer TOKEN`. What there is: /api/performance/openapi.json.",
    )
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
          `Dashboard at ${server.url}/, API at ${server.url}/api/performance/health, Prometheus text at ${server.url}/metrics. ` +
            `The token is ${server.tokenFile === null ? "the one in QUANTDESK_TOKEN" : `in ${server.tokenFile}`}. Ctrl-C ends it.`,
        );
        await new Promise<void>((done) => (context.signal.aborted ? done() : context.signal.addEventListener("abort", () => done(), { once: true })));
        await server.close();
      }),
    );
}
