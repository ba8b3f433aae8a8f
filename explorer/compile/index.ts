/** Systems as steps on packed states, and what is recorded of them. What the command line, the gate and the benchmarks may use of this folder. */

