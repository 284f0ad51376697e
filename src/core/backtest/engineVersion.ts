/** Raised with every change that can change a figure: it is part of the run hash. */
export const ENGINE_VERSION = "1";
