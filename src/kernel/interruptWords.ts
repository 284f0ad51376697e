/** Shared between the runner's main thread and its guard: two 32-bit words, and the pipes' numbers. */
export const TURN = 0;
/** 1 while an interrupt waits for the main thread. */
export const WANTED = 1;
export const INTERRUPT_FD = 3;
export const FRAME_FD = 4;
/** How long a main thread may take to answer by itself. */
export const POLITE_MS = 30;

/** What comes in on the interrupt pipe: this, or the other followed by a process id and ";". */
export const INTERRUPT = "i";
export const ALSO_END = "c";
