/** The dashboard page: built once, then every frame changes only what differs. */
import "./dashboard.css";
import { h, showOnChange } from "../dom.ts";
import { MISSING, moment, number, plain, signed, timeOfDay, usd } from "../format.ts";
import { openHost } from "../host.ts";
import { note } from "../note.ts";
import type { DashboardFrame, RunFigures, StoredFigures, WebviewCommand } from "../protocol.ts";
import { EquityChart } from "./equityChart.ts";
import { panelBox, type PanelBox } from "./panelBox.ts";
import { move, table, type Column } from "./table.ts";

start();

function start(): void {
  const host = openHost();
  const button = (label: string, command: WebviewCommand, kind = "") => h("button", { class: kind || null, click: () => host.run(command) }, label);
  const kept = host.state.get() as { readonly equityTable?: boolean } | undefined;

  const top = h("header", { class: "top" });
  const kpis = h("dl", { class: "kpis" });
  const notes = h("div");
  const equity = panelBox({
    id: "equity",
    title: "Equity",
    twin: { open: kept?.equityTable === true, onToggle: (open) => host.state.set({ equityTable: open }) },
  });
  const board = panelBox({ id: "board", title: "Leaderboard, top by Sharpe", tools: [button("Run backtest…", "backtest", "link")] });
  const recent = panelBox({ id: "recent", title: "Recent runs" });
  const candidates = panelBox({ id: "candidates", title: "Candidates", tools: [button("Run scan", "scan", "link")] });
  const positions = panelBox({ id: "positions", title: "Positions" });
  const sources = panelBox({ id: "sources", title: "Read lately" });
  const updated = h("span");
  const foot = h(
    "footer",
    { class: "foot" },
    updated,
    h("span", {}, "Simulated results, not investment advice."),
    h("span", {}, "Charts by TradingView Lightweight Charts™, © TradingView, Inc."),
  );
  const grid = h("div", { class: "grid" }, equity.root, board.root, recent.root, positions.root, candidates.root, sources.root);
  const wrap = h("div", { class: "wrap" }, top, h("main", { "aria-label": "Quantdesk dashboard" }, kpis, notes, grid), foot);
  (document.getElementById("app") as HTMLElement).append(wrap);
  let chart: EquityChart | undefined;

  host.onFrame<DashboardFrame>((frame) => {
    wrap.classList.toggle("stale", frame.connection === "stale");
    top.classList.toggle("islive", frame.mode === "LIVE" && frame.connection !== "disconnected");
    showOnChange(top, [frame.connection, frame.mode, frame.account?.accountNumber], () => header(frame, button));
    showOnChange(kpis, [frame.account, frame.positions, frame.runs], () => figures(frame));
    showOnChange(notes, [frame.trusted, frame.error, frame.connection === "stale"], () => warnings(frame, button));
    chart = showEquity(equity, chart, frame, button);
    showBoard(board, frame, button);
    showRecent(recent, frame);
    showPositions(positions, frame);
    showCandidates(candidates, frame, button);
    showSources(sources, frame);
    updated.textContent = `Updated ${timeOfDay(frame.at)}; pushed on change, at least every ${frame.refreshSeconds}\u00a0s.`;
  });
  host.ready();
}

type ButtonMaker = (label: string, command: WebviewCommand, kind?: string) => HTMLElement;

function header(frame: DashboardFrame, button: ButtonMaker) {
  const isConnected = frame.connection !== "disconnected";
  const chip = isConnected
    ? h("span", { class: frame.mode === "LIVE" ? "chip live" : "chip" }, frame.mode === "SIMULATED" ? "PAPER" : frame.mode)
    : h("span", { class: "chip" }, "NOT CONNECTED");
  const where = frame.mode === "SIMULATED" ? "Built-in exchange" : frame.mode === "PAPER" ? "Alpaca paper" : "Real money";
  const what = isConnected
    ? h(
        "span",
        { class: "s" },
        `${where}${frame.account === null ? "" : `, account ${frame.account.accountNumber}`} `,
        frame.mode === "SIMULATED" ? h("span", { class: "sim" }, "SIMULATED") : null,
      )
    : h("span", { class: "s" }, "Past runs are readable.");
  const actions = isConnected
    ? [button("Buy…", "buy"), button("Sell…", "sell"), button("Stop all trading…", "killSwitch", "stop")]
    : [button("Connect", "connect", "p")];
  return [h("h1", {}, "Quantdesk"), chip, what, h("span", { class: "right" }, ...actions)];
}

function figures({ account, positions, runs }: DashboardFrame): HTMLElement[] {
  const one = (name: string, value: string | HTMLElement, remark = "") =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value, remark === "" ? null : h("small", {}, remark)));
  const day = account === null ? null : account.equity - account.lastEquity;
  const open = positions === null ? null : positions.reduce((sum, position) => sum + (position.profit ?? 0), 0);
  const invested = positions === null ? null : positions.reduce((sum, position) => sum + Math.abs(position.value ?? 0), 0);
  return [
    one("Equity", usd(account?.equity ?? null)),
    one(
      "Today",
      account === null || day === null ? MISSING : move(day),
      account === null || day === null || account.lastEquity === 0 ? "" : `${signed((day / account.lastEquity) * 100, 2, "%")} since the last close`,
    ),
    one(
      `Open profit${positions === null ? "" : `, ${positions.length} ${positions.length === 1 ? "position" : "positions"}`}`,
      open === null ? MISSING : move(open),
    ),
    one("Buying power", usd(account?.buyingPower ?? null)),
    one("Invested", account === null || invested === null || account.equity === 0 ? MISSING : `${number((invested / account.equity) * 100, 1)}\u00a0%`),
    one("Backtests stored", number(runs, 0)),
  ];
}

function warnings(frame: DashboardFrame, button: ButtonMaker): HTMLElement[] {
  const shown: HTMLElement[] = [];
  if (!frame.trusted)
    shown.push(
      note(
        "info",
        "Reading only.",
        "You have not trusted this folder, so no strategy, cell or order runs. Results are open.",
        button("Manage trust", "manageTrust"),
      ),
    );
  if (frame.connection === "stale") shown.push(note("warn", "The stream is silent.", "Figures may be old; orders wait for a fresh quote."));
  if (frame.error !== null) shown.push(note("bad", "The stored figures cannot be read.", frame.error, button("Open log", "openLog", "link")));
  return shown;
}

function showEquity(panel: PanelBox, chart: EquityChart | undefined, frame: DashboardFrame, button: ButtonMaker): EquityChart | undefined {
  const points = frame.equity;
  showOnChange(panel.say, [points, frame.mode], () => equitySentence(points, frame.mode === "SIMULATED"));
  if (points.length === 0) {
    showOnChange(panel.body, ["empty", frame.connection], () => [
      h(
        "div",
        { class: "empty" },
        h("p", {}, "Your account's equity will be drawn here while a broker is connected."),
        frame.connection === "disconnected" ? h("p", {}, button("Connect", "connect", "p")) : null,
      ),
    ]);
    return undefined;
  }
  const drawn = chart ?? new EquityChart();
  showOnChange(panel.body, "chart", () => [drawn.element]);
  if (
    panel.twin !== undefined &&
    showOnChange(panel.twin, points, () => [
      table(
        "Equity by time",
        [{ title: "Time" }, { title: "Equity", numeric: true }],
        points
          .slice(-500)
          .reverse()
          .map(({ at, equity }) => [`${moment(at)} ${timeOfDay(at).slice(-2)} s`, usd(equity)]),
      ),
    ])
  )
    drawn.set(points);
  return drawn;
}

function equitySentence(points: DashboardFrame["equity"], simulated: boolean) {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || first.equity === 0) return [];
  let peak = 0;
  let worst = 0;
  for (const { equity } of points) {
    peak = Math.max(peak, equity);
    worst = Math.min(worst, equity / peak - 1);
  }
  return [
    h("b", {}, signed((last.equity / first.equity - 1) * 100, 2, "%")),
    ` since ${moment(first.at)}. Worst fall ${plain(worst * 100, 2)}\u00a0%. `,
    simulated ? h("span", { class: "sim" }, "SIMULATED") : null,
  ];
}

const BOARD: readonly Column[] = [
  { title: "#", numeric: true },
  { title: "Strategy", cut: true },
  { title: "Data", wide: true },
  { title: "Sharpe", numeric: true },
  { title: "Return", numeric: true },
  { title: "Worst fall", numeric: true, wide: true },
  { title: "Trades", numeric: true },
];

function showBoard(panel: PanelBox, { best, runs }: DashboardFrame, button: ButtonMaker): void {
  const first = best[0];
  showOnChange(panel.say, [first, runs], () =>
    first === undefined
      ? []
      : [
          h("b", {}, `${first.strategy} ${first.params}`.trim()),
          ` leads ${number(runs, 0)} stored ${runs === 1 ? "run" : "runs"} with a Sharpe ratio of ${plain(first.sharpe)}. The more you try, the more of the best is luck.`,
        ],
  );
  showOnChange(panel.body, best, () => [
    best.length === 0
      ? h(
          "div",
          { class: "empty" },
          h("p", {}, "No backtests yet. The best by Sharpe ratio will be listed here."),
          h("p", {}, button("Run Backtest…", "backtest", "p")),
          h("p", { class: "s" }, button("New strategy file", "newStrategy", "link"), " · ", button("New notebook", "newNotebook", "link")),
        )
      : table(
          "Leaderboard",
          BOARD,
          best.map((run, index) => [
            String(index + 1),
            name(run),
            data(run),
            h("b", {}, plain(run.sharpe)),
            signed(run.totalReturnPct, 1, "%"),
            `${plain(-Math.abs(run.maxDrawdownPct), 1)}\u00a0%`,
            number(run.trades, 0),
          ]),
        ),
  ]);
}

const RECENT: readonly Column[] = [
  { title: "Time", wide: true },
  { title: "Strategy", cut: true },
  { title: "Data", wide: true },
  { title: "Sharpe", numeric: true },
  { title: "Return", numeric: true },
  { title: "Took", numeric: true, wide: true },
];

function showRecent(panel: PanelBox, { recent, runs, statistics }: DashboardFrame): void {
  const last = recent[0];
  showOnChange(panel.say, [runs, last?.at], () => (last === undefined ? [] : [`${storedSentence(runs, statistics)} The last: ${moment(last.at)}.`]));
  showOnChange(panel.body, recent, () => [
    recent.length === 0
      ? h("div", { class: "empty" }, h("p", {}, "What you, your cells and your commands ran will be listed here, newest first."))
      : table(
          "Recent runs",
          RECENT,
          recent.map((run) => [
            h("span", { class: "dim nw" }, moment(run.at)),
            name(run),
            data(run),
            plain(run.sharpe),
            signed(run.totalReturnPct, 1, "%"),
            `${number(run.durationMs, run.durationMs < 10 ? 1 : 0)}\u00a0ms`,
          ]),
        ),
  ]);
}

const POSITIONS: readonly Column[] = [
  { title: "Symbol" },
  { title: "Shares", numeric: true },
  { title: "Paid", numeric: true, wide: true },
  { title: "Last", numeric: true },
  { title: "Value", numeric: true, wide: true },
  { title: "Profit", numeric: true },
];

function showPositions(panel: PanelBox, { positions }: DashboardFrame): void {
  const worth = positions?.reduce((sum, position) => sum + (position.value ?? 0), 0) ?? 0;
  showOnChange(panel.say, positions === null ? null : [positions.length, worth.toFixed(0)], () =>
    positions === null || positions.length === 0 ? [] : [`${positions.length} held, worth ${usd(worth, 0)} together.`],
  );
  showOnChange(panel.body, positions, () => [
    positions === null || positions.length === 0
      ? h("div", { class: "empty" }, h("p", {}, positions === null ? "What you hold will be listed here while a broker is connected." : "You hold nothing."))
      : table(
          "Positions",
          POSITIONS,
          positions.map((position) => [
            h("b", {}, position.symbol),
            number(position.qty, Number.isInteger(position.qty) ? 0 : 4),
            plain(position.paid),
            plain(position.last),
            usd(position.value),
            move(position.profit),
          ]),
        ),
  ]);
}

const CANDIDATES: readonly Column[] = [
  { title: "Symbol" },
  { title: "Score", numeric: true },
  { title: "Why", cut: true },
  { title: "Found by", cut: true, wide: true },
];

function showCandidates(panel: PanelBox, { candidates }: DashboardFrame, button: ButtonMaker): void {
  const fresh = candidates.filter((candidate) => candidate.new).length;
  showOnChange(panel.say, [candidates.length, fresh], () => (candidates.length === 0 ? [] : [`${candidates.length} in the last scan, ${fresh} of them new.`]));
  showOnChange(panel.body, candidates, () => [
    candidates.length === 0
      ? h("div", { class: "empty" }, h("p", {}, "The symbols that scanners find will be listed here."), h("p", {}, button("Run Scan", "scan", "p")))
      : table(
          "Candidates",
          CANDIDATES,
          candidates
            .slice(0, 12)
            .map((candidate) => [
              h("span", { class: "nw" }, h("b", {}, candidate.symbol), candidate.new ? h("span", { class: "dim" }, " new") : null),
              number(candidate.score),
              candidate.reasons.map((reason) => reason.text).join("; "),
              h("span", { class: "dim nw" }, [...new Set(candidate.reasons.map((reason) => reason.scanner))].join(", ")),
            ]),
        ),
  ]);
}

function storedSentence(runs: number, { results, withSharpe, meanSharpe, profitable, meanDurationMs }: StoredFigures): string {
  const share = results === 0 ? "" : `, ${number((profitable / results) * 100, 0)}\u00a0% of the results with a profit`;
  const mean = meanSharpe === null ? "" : `, mean Sharpe ${plain(meanSharpe)} of ${number(withSharpe, 0)}`;
  const time = meanDurationMs === null ? "" : `, ${number(meanDurationMs, meanDurationMs < 10 ? 1 : 0)}\u00a0ms each`;
  return `${number(runs, 0)} ${runs === 1 ? "trial" : "trials"} in ${number(results, 0)} ${results === 1 ? "result" : "results"}${share}${mean}${time}.`;
}

const SOURCES: readonly Column[] = [
  { title: "Time" },
  { title: "What", cut: true },
  { title: "Source", wide: true },
  { title: "Symbols", wide: true },
  { title: "Read by", cut: true, wide: true },
];

function showSources(panel: PanelBox, { sources }: DashboardFrame): void {
  showOnChange(panel.body, sources, () => [
    sources.length === 0
      ? h("div", { class: "empty" }, h("p", {}, "News, posts and filings that scanners and analysts read will be listed here."))
      : table(
          "Read lately",
          SOURCES,
          sources.map((item) => [
            h("span", { class: "dim nw" }, moment(item.at)),
            item.url === "" ? item.title : h("a", { href: item.url }, item.title),
            h("span", { class: "nw" }, item.source),
            item.symbols.slice(0, 4).join(", "),
            h("span", { class: "dim" }, item.readBy),
          ]),
        ),
  ]);
}

function name(run: RunFigures): HTMLElement {
  return h("span", {}, h("b", {}, run.strategy), h("span", { class: "dim" }, ` ${run.params}`));
}

function data(run: RunFigures): HTMLElement {
  return h("span", { class: "nw" }, run.dataset, run.simulated ? h("span", { class: "sim" }, " SIMULATED") : null);
}
