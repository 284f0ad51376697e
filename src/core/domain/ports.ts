/** Where rooms meet: what a room needs of another is one of these, handed in by session.ts. */
export type * from "./ports/net.ts";
export type * from "./ports/broker.ts";
export type * from "./ports/data.ts";
export type * from "./ports/research.ts";
export type * from "./ports/store.ts";
export type * from "./ports/metrics.ts";
