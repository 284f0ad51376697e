/** Shared between the runner's main thread and its guard: two 32-bit words, and the pipes' numbers. */
export const TURN = 0;
/** 1 while an interrupt waits for the main thread. */
export const WANTED = 1;
export const INTERRUPT_FD = 3;
export const FRAME_FD = 4;
/** How long a main thread may take to answer by itself. */
export const POLITE_MS = 30;
