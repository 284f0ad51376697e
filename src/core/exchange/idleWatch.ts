/** Notices that nobody has used the exchange for a while. */
export interface IdleWatch {
  /** Somebody asked something. */
  touch(): void;
  /** Somebody stays; the answer is called when they leave. */
  enter(): () => void;
  /** The exchange is on its way out: nobody may enter any more, or they would hold what is already ending. */
  readonly isOver: boolean;
  stop(): void;
}

/** Calls `onIdle` once, when for `idleMs` nobody was there and nobody asked. */
export function watchIdle(idleMs: number | undefined, onIdle: () => void): IdleWatch {
  let present = 0;
  let isOver = false;
  let last = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    const left = present > 0 ? (idleMs as number) : last + (idleMs as number) - performance.now();
    if (left <= 0) {
      isOver = true;
      onIdle();
    } else timer = setTimeout(look, left);
  };
  if (idleMs !== undefined) timer = setTimeout(look, idleMs);
  return {
    touch: () => {
      last = performance.now();
    },
    enter: () => {
      let gone = false;
      present++;
      return () => {
        if (gone) return;
        gone = true;
        present--;
        last = performance.now();
      };
    },
    get isOver() {
      return isOver;
    },
    stop: () => {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
