/** Compiles a system to steps on packed states, and records what they do. This face is empty: only the engine uses it. */

