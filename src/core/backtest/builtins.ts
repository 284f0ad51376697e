/**
 * The language's own objects as they were before the first strategy was loaded. What one strategy changes in Array.prototype
 * or Math, every later one in the same worker would meet, and our engines too: so it is put back after each. (Making them
 * read-only instead costs the engines a sixth of their speed, and several times as much for typed arrays.)
 */

interface Kept {
  readonly owner: object;
  readonly properties: ReadonlyArray<{ readonly name: PropertyKey; readonly property: PropertyDescriptor }>;
}

const CLASSES = [Object, Array, String, Number, BigInt, Boolean, Symbol, Map, Set, WeakMap, WeakSet, Promise, RegExp, Date, Error, TypeError, RangeError];
const ARRAYS = [Float64Array, Float32Array, Int8Array, Int16Array, Int32Array, Uint8Array, Uint16Array, Uint32Array];
const SPACES = ["Math", "JSON", "Reflect"] as const;

export class Builtins {
  readonly #kept: readonly Kept[];
  /** As they were: a strategy may have replaced them, too. */
  readonly #reflect = { defineProperty: Reflect.defineProperty, deleteProperty: Reflect.deleteProperty, ownKeys: Reflect.ownKeys };

  /** What is at hand everywhere: the global object, and Node's process. */
  readonly #spaces: ReadonlyArray<{ readonly space: object; readonly names: ReadonlySet<PropertyKey> }>;
  #forgotten: Array<{ readonly space: object; readonly name: PropertyKey; readonly property: PropertyDescriptor }> = [];

  constructor() {
    this.#spaces = [globalThis, process].map((space) => ({ space, names: new Set(Reflect.ownKeys(space)) }));
    const typedArrays = Object.getPrototypeOf(Float64Array) as typeof Float64Array;
    const classes = [...CLASSES, ...ARRAYS, typedArrays, Function];
    const owners = [...classes, ...classes.map((type) => type.prototype as object), ...SPACES.map((name) => globalThis[name])];
    const globals = [...CLASSES, ...ARRAYS, Function].map(({ name }) => name);
    this.#kept = [...owners.map((owner) => keep(owner, Reflect.ownKeys(owner))), keep(globalThis, [...globals, ...SPACES])];
  }

  /** Takes away what strategies have kept on the global object or on process since the worker began, until `recall`. */
  forget(): void {
    this.restore();
    for (const { space, names } of this.#spaces) {
      for (const name of this.#reflect.ownKeys(space)) {
        const property = names.has(name) ? undefined : Object.getOwnPropertyDescriptor(space, name);
        if (property?.configurable !== true) continue;
        this.#forgotten.push({ space, name, property });
        this.#reflect.deleteProperty(space, name);
      }
    }
  }

  /** Later runs may need what a file has set up when it was loaded; of several the first stands. */
  recall(): void {
    for (const { space, name, property } of this.#forgotten.reverse()) this.#reflect.defineProperty(space, name, property);
    this.#forgotten = [];
  }

  /** Puts back what is missing or changed, and takes away what was added; by plain loops, since nothing else can be relied on here. */
  restore(): void {
    const { defineProperty, deleteProperty, ownKeys } = this.#reflect;
    for (let i = 0; i < this.#kept.length; i++) {
      const { owner, properties } = this.#kept[i]!;
      for (let k = 0; k < properties.length; k++) {
        const { name, property } = properties[k]!;
        if (property.configurable === true && "value" in property && (owner as Record<PropertyKey, unknown>)[name] !== property.value)
          defineProperty(owner, name, property);
      }
      if (owner === globalThis) continue;
      const names = ownKeys(owner);
      for (let k = 0; names.length !== properties.length && k < names.length; k++) {
        let isOwn = false;
        for (let p = 0; p < properties.length; p++) if (properties[p]!.name === names[k]) isOwn = true;
        if (!isOwn) deleteProperty(owner, names[k]!);
      }
    }
  }
}

function keep(owner: object, names: readonly PropertyKey[]): Kept {
  return { owner, properties: names.map((name) => ({ name, property: Object.getOwnPropertyDescriptor(owner, name)! })) };
}
