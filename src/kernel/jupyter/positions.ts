/** Places in code: Jupyter counts Unicode code points, JavaScript UTF-16 units. */
export function utf16Offset(code: string, codePoints: number): number {
  let offset = 0;
  for (let n = 0; n < codePoints && offset < code.length; n++) offset += (code.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return offset;
}

export function codePointOffset(code: string, offset: number): number {
  let count = 0;
  for (let at = 0; at < offset; at += (code.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count++;
  return count;
}

/** Where the name that `offset` is in or behind begins. */
export function nameStart(code: string, offset: number): number {
  return offset - (/[\p{ID_Continue}$]*$/u.exec(code.slice(0, offset))?.[0].length ?? 0);
}
