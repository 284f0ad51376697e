/** Numbers and text as reports show them: true minus, plus on every change, no-break space before units, dash for missing. */

const MINUS = "\u2212";
const NBSP = "\u00a0";
export const MISSING = "\u2013";

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export function plain(value: number | null, digits: number): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  const text = new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(Math.abs(value));
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

export function signed(value: number | null, digits: number): string {
  const text = plain(value, digits);
  return value !== null && value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

export function percent(value: number | null, digits = 1): string {
  return value === null ? MISSING : `${plain(value, digits)}${NBSP}%`;
}

export function change(value: number | null, digits = 1): string {
  return value === null ? MISSING : `${signed(value, digits)}${NBSP}%`;
}

/** A change with its arrow, coloured as text. */
export function move(value: number, digits = 1): string {
  const direction = value > 0 ? "up" : value < 0 ? "down" : "";
  const arrow = value > 0 ? "\u25b2" : value < 0 ? "\u25bc" : "";
  return `<span class="${direction} nw"><span aria-hidden="true">${arrow}</span> ${change(value, digits)}</span>`;
}

export function dollars(value: number | null, digits = 0): string {
  const text = plain(value, digits);
  return text === MISSING ? text : text.startsWith(MINUS) ? `${MINUS}$${text.slice(1)}` : `$${text}`;
}

/** A price with as many digits as it needs: 1.07214, 346.64. */
export function price(value: number): string {
  return plain(value, Math.abs(value) < 10 ? 5 : 2);
}

export function quantity(value: number): string {
  return new Intl.NumberFormat("en-US", { maximumSignificantDigits: value < 1000 ? 6 : 9 }).format(value);
}

/** 2026-11-20, with the time where the bars are shorter than a day. */
export function date(iso: string, options: { readonly withTime: boolean }): string {
  return options.withTime ? `${iso.slice(0, 10)}${NBSP}${iso.slice(11, 16)}` : iso.slice(0, 10);
}
