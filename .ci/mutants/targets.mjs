// What is mutated, and the tests that ought to notice. Tests that need the built program are left out: it is not
// mutated.
export const TARGETS = {
  'fingerprint-set': {
    mutate: ['explorer/state/fingerprint-set.ts'],
    tests: ['explorer/state/visited-set.test.ts'],
  },
  'exact-set': {
    mutate: ['explorer/state/exact-set.ts'],
    tests: ['explorer/state/visited-set.test.ts'],
  },
  'property-monitor': {
    mutate: ['explorer/search/property-monitor.ts'],
    tests: [
      'explorer/search/property-monitor.test.ts',
      'explorer/search/valuations.test.ts',
      'explorer/search/breadth-first-search.test.ts',
    ],
  },
  'persistent-set-cache': {
    mutate: ['explorer/reduce/partial-order/persistent-set-cache.ts'],
    tests: ['explorer/reduce/partial-order/persistent-set-cache.test.ts'],
  },
  'step-runner': {
    mutate: ['explorer/compile/step-runner.ts'],
    tests: ['explorer/compile/step-runner.test.ts', 'explorer/compile/compiled-system.test.ts'],
  },
  'breadth-first-search': {
    mutate: ['explorer/search/breadth-first-search.ts'],
    tests: [
      'explorer/search/breadth-first-search.test.ts',
      'explorer/search/failed-search.test.ts',
      'explorer/search/resumed-search.test.ts',
    ],
  },
  'checkpoint-files': {
    mutate: ['explorer/checkpoint/checkpoint-files.ts', 'explorer/checkpoint/manifest.ts'],
    tests: ['explorer/checkpoint/checkpoint-files.test.ts'],
  },
  'checkpoint-tables': {
    mutate: ['explorer/state/table-problem.ts', 'explorer/state/packed-hash.ts'],
    tests: ['explorer/state/table-problem.test.ts', 'explorer/state/packed-hash.test.ts'],
  },
  'checkpoint-recordings': {
    mutate: ['explorer/checkpoint/recording-log.ts', 'explorer/checkpoint/recorded-checkpoint.ts'],
    tests: ['explorer/checkpoint/recording-log.test.ts', 'explorer/checkpoint/recorded-checkpoint.test.ts'],
  },
  'checkpoint-graph': {
    mutate: ['explorer/checkpoint/graph-checkpoint.ts', 'explorer/checkpoint/restore-states.ts'],
    tests: ['explorer/checkpoint/graph-checkpoint.test.ts', 'explorer/checkpoint/restore-states.test.ts'],
  },
  'checkpoint-evidence': {
    mutate: [
      'explorer/checkpoint/evidence.ts',
      'explorer/checkpoint/expansion-check.ts',
      'explorer/checkpoint/trace-check.ts',
    ],
    tests: [
      'explorer/checkpoint/evidence.test.ts',
      'explorer/checkpoint/expansion-check.test.ts',
      'explorer/checkpoint/trace-check.test.ts',
    ],
  },
  'checkpoint-search': {
    mutate: ['explorer/checkpoint/search-checkpoint.ts'],
    tests: ['explorer/checkpoint/search-checkpoint.test.ts'],
  },
}
