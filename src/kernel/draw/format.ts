/** Numbers and times as people read them. */
import { html, type Html } from "./html.ts";

const MINUS = "\u2212";

export function number(value: number | null, digits = 2): string {
  if (value === null || !Number.isFinite(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", MINUS);
}

/** Decimal text, rounded only for the eye. */
export function money(text: string | null): string {
  if (text === null) return "–";
  const value = Number(text);
  return `${value < 0 ? MINUS : ""}$${number(Math.abs(value))}`;
}

export function price(text: string | null): string {
  return text === null ? "–" : number(Number(text), Math.max(2, Math.min(4, (text.split(".")[1] ?? "").length)));
}

/** A quantity: whole shares without decimals. */
export function quantity(text: string | null): string {
  return text === null ? "–" : Number(text).toLocaleString("en-US", { maximumFractionDigits: 9 });
}

export function percent(value: number | null, digits = 1): string {
  return value === null ? "–" : `${number(value, digits)} %`;
}

/** With sign and arrow: the form says what the colour repeats. */
export function move(value: number | null, text: string): Html {
  if (value === null || value === 0) return html`${text}`;
  return value > 0
    ? html`<span class="qd-up"><span aria-hidden="true">▲</span> +${text}</span>`
    : html`<span class="qd-down"><span aria-hidden="true">▼</span> ${text}</span>`;
}

export function signed(value: number | null, digits = 1): string {
  return value === null ? "–" : `${value > 0 ? "+" : ""}${percent(value, digits)}`;
}

export function day(iso: string | null): string {
  return iso === null ? "–" : iso.slice(0, 10);
}

export function clock(iso: string | null): string {
  return iso === null ? "–" : `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}
