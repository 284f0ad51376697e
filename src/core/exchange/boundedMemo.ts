/** Values that can be made again, as many as fit: the one that was made first goes first. */
export class BoundedMemo<T> {
  readonly #values = new Map<string, T>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string, make: () => T): T {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = make();
    const oldest = this.#values.keys().next();
    if (this.#values.size >= this.#capacity && oldest.done !== true) this.#values.delete(oldest.value);
    this.#values.set(key, value);
    return value;
  }
}
