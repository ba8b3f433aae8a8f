import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../checkpoint/index.ts'
import { AsymmetryError } from '../reduce/index.ts'
import type { NotApplied } from '../search/not-applied.ts'
import type { OpenReason, StopReason } from '../search/stop-reason.ts'
import { errorInWords, notAppliedInWords, openInWords, stopInWords } from './reason-words.ts'

const states: StopReason = { kind: 'max-states', states: 9 }
const sampled = { kind: 'sampled', walks: 7, withoutNew: 0, maxDepth: 40, seed: 1, states: 5 } as const
const preemptions = { kind: 'preemptions', exhausted: false, cutAfter: null, stopped: null } as const

/** The sentences that scripts match in `incompleteReason`: they must not change. */
describe('why a search stopped', () => {
  it.each<[StopReason, string]>([
    [{ kind: 'interrupted' }, 'interrupted'],
    [{ kind: 'not-begun' }, 'interrupted before it began'],
    [states, 'more than 9 states (--max-states)'],
    [{ kind: 'max-depth', depth: 3 }, 'depth 3 reached (--max-depth)'],
    [{ kind: 'time-limit', seconds: 60 }, '60 s passed (--time-limit)'],
    [{ kind: 'memory-limit', mebibytes: 100 }, '100 MiB used (--memory-limit)'],
    [{ kind: 'table-full', table: 'visited states' }, 'the table of visited states cannot be larger'],
    [
      { kind: 'retry-too-slow', times: 50, first: null },
      'partial order did not finish in 50 times the time (--reduce por takes what it needs)',
    ],
    [
      { kind: 'retry-too-slow', times: 50, first: states },
      'more than 9 states (--max-states); partial order did not finish in 50 times the time (--reduce por takes what it needs)',
    ],
    [{ kind: 'model-error', message: 'x' }, 'the model is wrong: x'],
    [
      { kind: 'unasked-fault', fault: 'oops' },
      'a step ends in fault oops, which is not among the properties; nothing behind it was explored',
    ],
    [
      { kind: 'out-of-bounds', bound: 'shadow.pages' },
      'the bound shadow.pages is too small, and behaviours that need more end there; raise it in the scenario',
    ],
    [{ kind: 'self-check', full: states }, 'self-check: more than 9 states (--max-states)'],
    [
      { ...sampled, method: 'walks', bound: null, stopped: null },
      '7 random walks of at most 40 steps (seed 1), 5 distinct states seen',
    ],
    [
      { ...sampled, walks: 90, withoutNew: 80, method: 'walks', bound: null, stopped: null },
      '90 random walks of at most 40 steps (seed 1), 5 distinct states seen; ' +
        'the last 80 walks saw no new state: try another --search or --max-depth',
    ],
    [
      { ...sampled, method: 'priorities', bound: { bugDepth: 3, threads: 2 }, stopped: states },
      '7 walks by random priorities of at most 40 steps (seed 1), 5 distinct states seen; ' +
        'each meets a bug of depth 3 with probability at least 1/(2 * 40^2), given the choices within threads that it needs; ' +
        'more than 9 states (--max-states)',
    ],
    [
      { ...preemptions, upTo: null, cutAfter: 3 },
      'not even the behaviours without preemptions were all visited; behaviours were cut after 3 steps (--max-depth)',
    ],
    [{ ...preemptions, upTo: 2 }, 'every behaviour with at most 2 preemptions was visited'],
    [
      { ...preemptions, upTo: 4, exhausted: true, stopped: { kind: 'interrupted' } },
      'every state was visited, with at most 4 preemptions; interrupted',
    ],
  ])('%j', (reason, words) => {
    expect(stopInWords(reason)).toBe(words)
    expect(openInWords(reason)).toBe(words)
  })
})

describe('why a property is open', () => {
  it.each<[OpenReason, string]>([
    [{ kind: 'no-trace' }, 'the search ended before the way there was found'],
    [
      { kind: 'needs-exact-storage', of: 'progress' },
      'that a goal can always be reached is judged on the graph of states kept in full; use exact storage',
    ],
    [
      { kind: 'needs-exact-storage', of: 'liveness' },
      'liveness is judged on states kept in full; use exact storage (a lost state could hide or make up a cycle)',
    ],
    [
      { kind: 'needs-exhaustive-search', of: 'progress' },
      'that a goal can always be reached needs the whole graph; use an exhaustive search',
    ],
    [
      { kind: 'needs-exhaustive-search', of: 'liveness' },
      'an endless behaviour needs the whole graph; use an exhaustive search',
    ],
  ])('%j', (reason, words) => expect(openInWords(reason)).toBe(words))
})

/** As they stand in `notApplied`: scripts match these too. */
describe('why something was not applied', () => {
  it.each<[NotApplied, string]>([
    [
      { kind: 'nothing-symmetric', system: 'zap' },
      'symmetry: zap declares no sort of several interchangeable ids',
    ],
    [
      { kind: 'asymmetric', why: 'x; take it off `symmetric`' },
      'symmetry: x; take it off `symmetric` or search with --reduce none',
    ],
    [{ kind: 'partial-order-not-needed' }, 'por: not needed, and without it traces are shortest'],
    [
      { kind: 'liveness-in-full' },
      'liveness is judged on the full graph: no reduction is proven to keep every fair cycle',
    ],
    [{ kind: 'shared-in-full' }, 'symmetry, por: a search that several workers share is not reduced'],
    [{ kind: 'checkpoints-of-one-worker' }, 'workers: a search that leaves checkpoints has one worker'],
    [{ kind: 'reduction-of-one-worker', reduce: 'por' }, 'workers: --reduce por needs one worker'],
    [
      { kind: 'symmetry-of-one-worker' },
      'workers: symmetry, which saves more, needs one worker; --reduce none takes several',
    ],
  ])('%j', (reason, words) => {
    expect(notAppliedInWords(reason)).toBe(words)
  })
})

it('errors of the engine name the option that helps', () => {
  const sort = { name: 'root', size: 2 } as never
  expect(errorInWords(new AsymmetryError('zap', 'step X', sort, [0, 1], 'it waits'))).toBe(
    'zap: step X treats ids 0 and 1 of sort root differently (it waits), so root is not symmetric; take it off `symmetric` or search with --reduce none',
  )
  expect(errorInWords(new CheckpointError('damaged', { isLost: true }))).toBe(
    'damaged; start without --resume',
  )
  expect(errorInWords(new CheckpointError('of another search'))).toBe('of another search')
})
