/** quantdesk alarms: what waits for a person to look at it. */
import type { Command } from "commander";
import { badInput } from "../../core/base/errors.ts";
import type { Alarm } from "../../core/domain/orders.ts";
import { plainAlarm } from "../../core/domain/plain.ts";
import { connect, withSession, type CommonFlags, type Context } from "../context.ts";
import { trading } from "../flags.ts";
import { table } from "../io.ts";
import { shortText } from "../parse.ts";

interface AlarmFlags extends CommonFlags {
  readonly acknowledge?: boolean;
  readonly why?: string;
}

export function addAlarmsCommand(program: Command, context: Context): void {
  trading(
    program.command("alarms").description("Show what waits for a person: a position that differs from the books, a position without its stop, halts, splits."),
  )
    .option("--acknowledge", "you have seen them: they end, the broker's positions are taken as the books, entries are let through again")
    .option("--why <text>", "with --acknowledge: the reason, kept in the audit log", shortText("--why"))
    .action((flags: AlarmFlags) => {
      if (flags.why !== undefined && flags.acknowledge !== true) throw badInput("bad-usage", "--why goes with --acknowledge.");
      return withSession(context, flags, async (session) => {
        await connect(context, session);
        const reason = { origin: "cli", ...(flags.why === undefined ? {} : { why: flags.why }) };
        const alarms = flags.acknowledge === true ? await session.broker.acknowledge(reason, context.signal) : await session.broker.getAlarms(context.signal);
        const document = {
          schema: "quantdesk.alarms/1",
          acknowledged: flags.acknowledge === true,
          alarms: alarms.map(plainAlarm),
          simulated: session.data.simulated,
        };
        if (flags.json === true) context.io.json(document);
        else if (alarms.length === 0) context.io.data("No alarms.");
        else context.io.data(`${flags.acknowledge === true ? "Acknowledged:\n" : ""}${alarmTable(alarms)}`);
      });
    });
}

function alarmTable(alarms: readonly Alarm[]): string {
  return table(
    ["Since", "Alarm", "Symbol", "Stops entries", "What"],
    alarms.map((alarm) => [new Date(alarm.at).toISOString(), alarm.code, alarm.symbol, alarm.blocksEntries ? "yes" : "no", alarm.message]),
  );
}
