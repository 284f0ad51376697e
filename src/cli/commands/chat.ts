/** quantdesk chat: sentences on standard input, one a line; what changes something is asked first. */
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { TradingError } from "../../core/base/errors.ts";
import { readSentence } from "../../core/domain/sentence.ts";
import type { Ask, Reply, Session } from "../../core/session.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { EXIT, reportFailure } from "../failure.ts";
import { trading } from "../flags.ts";

export function addChatCommand(program: Command, context: Context): void {
  trading(
    program
      .command("chat [sentence...]")
      .description(
        'Trade in sentences: "buy 10 AAPL" shows a preview and asks; nothing is sent before you say yes. Without a sentence: one a line, until bye.',
      ),
  )
    .addHelpText(
      "after",
      "\nExamples:\n  quantdesk chat\n  quantdesk chat buy 10 AAPL at 231.40\n  quantdesk chat help\n\nWith --json each answer is one JSON document on a line of its own.",
    )
    .action((words: readonly string[], flags: CommonFlags) =>
      withSession(context, flags, async (session) => {
        const lines = new Lines(context);
        context.ask = (question) => lines.next(question);
        const talk = new Talk(context, flags, session, lines);
        try {
          if (words.length > 0) await talk.once(words.join(" "));
          else await talk.untilBye();
        } finally {
          lines.close();
        }
      }),
    );
}

class Talk {
  readonly #context: Context;
  readonly #flags: CommonFlags;
  readonly #session: Session;
  readonly #lines: Lines;

  constructor(context: Context, flags: CommonFlags, session: Session, lines: Lines) {
    this.#context = context;
    this.#flags = flags;
    this.#session = session;
    this.#lines = lines;
  }

  /** One sentence of the command line: its failure is the command's. */
  async once(text: string): Promise<void> {
    const reply = await this.#reply(text);
    if (reply.ask === undefined) return;
    if (!this.#lines.isTerminal) {
      throw new TradingError("not-confirmed", `Nothing was done: "${reply.ask.words}" needs a yes, and there is no terminal to ask on.`, {
        kind: "refused",
        hint: "Run it in a terminal, or use the command that does it outright.",
      });
    }
    await this.#ask(reply.ask);
  }

  /** A sentence that fails does not end the conversation. */
  async untilBye(): Promise<void> {
    const { io, signal } = this.#context;
    if (this.#lines.isTerminal) io.say('Write a sentence, such as "buy 10 AAPL" or "help"; "bye" ends.');
    for (;;) {
      const text = await this.#lines.next("> ");
      if (text === undefined || signal.aborted) return;
      if (text.trim() === "") continue;
      try {
        if (readSentence(text).kind === "leave") return;
        const reply = await this.#reply(text);
        if (reply.ask !== undefined) await this.#ask(reply.ask);
      } catch (error) {
        if (signal.aborted) throw error;
        this.#failed(error);
      }
    }
  }

  #saidSimulated = false;

  async #reply(text: string): Promise<Reply> {
    const sentence = readSentence(text);
    const reply = await this.#session.converse(sentence, "chat", this.#context.signal);
    this.#say(sentence.kind, reply);
    return reply;
  }

  async #ask({ words, act }: Ask): Promise<void> {
    const { io, signal } = this.#context;
    const answer = await this.#lines.next(`${words}? Type yes to do it: `);
    if (answer?.trim().toLowerCase() === "yes") this.#say("done", await act(signal));
    else if (this.#flags.json === true) io.json({ schema: "quantdesk.chat/1", kind: "not-done", text: "Nothing was done." });
    else io.data("Nothing was done.");
  }

  #say(kind: string, { text, data, ask }: Reply): void {
    const { io } = this.#context;
    if (data !== null && this.#session.data.simulated && !this.#saidSimulated) {
      this.#saidSimulated = true; // once is enough for a conversation
      io.say(io.style("bold", "SIMULATED market and account"));
    }
    if (this.#flags.json === true)
      io.json({
        schema: "quantdesk.chat/1",
        kind,
        text,
        ...(data === null ? {} : { data }),
        ...(ask === undefined ? {} : { asks: ask.words }),
        simulated: this.#session.data.simulated,
      });
    else io.data(text);
  }

  #failed(error: unknown): void {
    const { io } = this.#context;
    const failure = TradingError.from(error, "failed");
    reportFailure(failure, io, { json: false, verbose: this.#flags.verbose === true, terminated: false });
    if (this.#flags.json === true) io.json(failure.toDocument());
    if (failure.kind === "runtime" && !this.#lines.isTerminal) this.#context.exitCode = EXIT.failed;
  }
}

/** Lines of standard input in their order, also those that arrive together; undefined at its end or when the command is stopped. */
class Lines {
  readonly isTerminal = process.stdin.isTTY === true;
  readonly #context: Context;
  #reader: ReturnType<typeof createInterface> | undefined;
  #iterator: AsyncIterator<string> | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  async next(prompt: string): Promise<string | undefined> {
    const { io, signal } = this.#context;
    if (signal.aborted) return undefined;
    this.#reader ??= createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
    this.#iterator ??= this.#reader[Symbol.asyncIterator]();
    if (this.isTerminal) process.stderr.write(io.style("bold", prompt));
    const stop = () => this.close();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const { value, done } = await this.#iterator.next();
      return done === true ? undefined : value;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  close(): void {
    this.#reader?.close();
  }
}
