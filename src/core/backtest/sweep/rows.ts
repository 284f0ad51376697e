/** Values of some combinations, one after another, out of one column for each parameter. */
export function rowsOf(columns: readonly Float64Array[], items: Int32Array): Float64Array {
  const width = columns.length;
  const values = new Float64Array(items.length * width);
  columns.forEach((column, at) => {
    for (let i = 0; i < items.length; i++) values[i * width + at] = column[items[i]!]!;
  });
  return values;
}
