/** Compiles systems to steps on packed states. This face is empty: only the engine uses the folder. */

