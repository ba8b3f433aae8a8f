// The entry files of a build: name of the built file, and its source. All files of a build lie in one folder, so that
// one finds the other by name, from whatever file its code came to lie in (explorer/program-file.ts).

/** What users run. */
export const PRODUCT = {
  main: 'explorer/cli/main.ts',
  replay: 'explorer/cli/replay-main.ts',
  'search-thread': 'explorer/cli/search-thread.ts',
  'search-subject': 'explorer/cli/search-subject.ts',
  worker: 'explorer/search/parallel/worker.ts',
  'kvm-catalogue': 'explorer/cli/kvm-catalogue.ts',
  'cell-processor': 'explorer/cli/queue/cell-processor.ts',
  'walk-processor': 'explorer/cli/queue/walk-processor.ts',
  'shard-process': 'explorer/cli/queue/shard-process.ts',
  // Run by the build.
  'machine-index': 'explorer/cli/machine-index-main.ts',
}

/** Files of packages that a build contains as they are: the parser of C, and its grammar. */
export const ASSETS = ['web-tree-sitter/web-tree-sitter.wasm', 'tree-sitter-c/tree-sitter-c.wasm']

/**
 * What only a checkout needs, built into the folder `tools` of a build, with separate search threads. Programs are run by
 * `node .ci/tool.mjs NAME ...`; the rest is what tests load into processes and threads.
 */
export const TOOLS = {
  'search-thread': 'explorer/cli/search-thread.ts',
  'search-subject': 'explorer/cli/search-subject.ts',
  worker: 'explorer/search/parallel/worker.ts',
  // Programs.
  baseline: 'explorer/gate/baseline-main.ts',
  bench: 'explorer/bench/main.ts',
  'bench-catalogue': 'explorer/bench/catalogue.ts',
  diagrams: 'explorer/gate/diagrams-main.ts',
  graph: 'explorer/bench/graph-main.ts',
  known: 'explorer/gate/known-main.ts',
  'kill-test': 'explorer/checkpoint/kill-test.ts',
  reductions: 'explorer/bench/reductions-main.ts',
  schemas: 'explorer/gate/schemas-main.ts',
  'shards-stress': 'explorer/cli/testing/shards-stress-main.ts',
  shrinks: 'explorer/gate/shrinks-main.ts',
  search: 'explorer/bench/search-main.ts',
  stress: 'explorer/stress/main.ts',
  traces: 'explorer/bench/traces-main.ts',
  small: 'explorer/cli/testing/small-main.ts',
  'small-catalogue': 'explorer/cli/testing/small-catalogue.ts',
  'small-replay': 'explorer/cli/testing/small-replay-main.ts',
  // For tests.
  batch: 'explorer/state/batch.ts',
  exhaustive: 'explorer/search/exhaustive.ts',
  'parallel-search': 'explorer/search/parallel/search.ts',
  'random-system': 'explorer/oracles/random-system.ts',
  'shared-table': 'explorer/state/shared-table.ts',
  'stress-model': 'explorer/stress/build-system.ts',
  models: 'explorer/oracles/models.ts',
  'vector-store': 'explorer/state/vector-store.ts',
  'visited-set': 'explorer/state/visited-set.ts',
}

/** What the package exports to programs that import it; `exports` in package.json names them. */
export const LIBRARY = {
  engine: 'explorer/index.ts',
  language: 'model/language/index.ts',
  counterexamples: 'counterexamples/index.ts',
  kvm: 'model/index.ts',
  properties: 'properties/index.ts',
}
