import { match, P } from 'ts-pattern'
import { CheckpointError } from '../checkpoint/index.ts'
import { AsymmetryError } from '../reduce/index.ts'
import type { NotApplied, OpenReason, PreemptionsOnly, SampledOnly, StopReason } from '../search/index.ts'
import type { NothingJudged } from './report/report.ts'

/** The sentence for `incompleteReason` of the result. Scripts match these: they must not change. */
export function stopInWords(reason: StopReason): string {
  return match(reason)
    .with({ kind: 'interrupted' }, () => 'interrupted')
    .with({ kind: 'not-begun' }, () => 'interrupted before it began')
    .with({ kind: 'max-states' }, ({ states }) => `more than ${states} states (--max-states)`)
    .with({ kind: 'max-depth' }, ({ depth }) => `depth ${depth} reached (--max-depth)`)
    .with({ kind: 'time-limit' }, ({ seconds }) => `${seconds} s passed (--time-limit)`)
    .with({ kind: 'memory-limit' }, ({ mebibytes }) => `${mebibytes} MiB used (--memory-limit)`)
    .with({ kind: 'table-full' }, ({ table }) => `the table of ${table} cannot be larger`)
    .with({ kind: 'retry-too-slow' }, ({ times, first }) =>
      joined(
        first,
        `partial order did not finish in ${times} times the time (--reduce por takes what it needs)`,
      ),
    )
    .with({ kind: 'model-error' }, ({ message }) => `the model is wrong: ${message}`)
    .with({ kind: 'violated' }, () => 'a property is violated, and no more was asked for')
    .with(
      { kind: 'unasked-fault' },
      ({ fault }) =>
        `a step ends in fault ${fault}, which is not among the properties; nothing behind it was explored`,
    )
    .with(
      { kind: 'out-of-bounds' },
      ({ bound }) =>
        `the bound ${bound} is too small, and behaviours that need more end there; raise it in the scenario`,
    )
    .with({ kind: 'self-check' }, ({ full }) => `self-check: ${stopInWords(full)}`)
    .with({ kind: 'sampled' }, sampledInWords)
    .with({ kind: 'preemptions' }, preemptionsInWords)
    .exhaustive()
}

/** The sentence for `reason` of the result: why a property has no verdict or no trace, or is vacuous. */
export function openInWords(reason: OpenReason | NothingJudged): string {
  return match(reason)
    .with({ kind: 'no-trace' }, () => 'the search ended before the way there was found')
    .with(
      { kind: 'needs-exact-storage', of: 'progress' },
      () =>
        'that a goal can always be reached is judged on the graph of states kept in full; use exact storage',
    )
    .with(
      { kind: 'needs-exact-storage', of: 'liveness' },
      () =>
        'liveness is judged on states kept in full; use exact storage (a lost state could hide or make up a cycle)',
    )
    .with(
      { kind: 'needs-exhaustive-search', of: 'progress' },
      () => 'that a goal can always be reached needs the whole graph; use an exhaustive search',
    )
    .with(
      { kind: 'needs-exhaustive-search', of: 'liveness' },
      () => 'an endless behaviour needs the whole graph; use an exhaustive search',
    )
    .with({ kind: 'nothing-judged' }, ({ sentence }) => sentence)
    .with({ kind: P.string }, stopInWords)
    .exhaustive()
}

/** The sentence for `notApplied` of the result. Scripts match these: they must not change. */
export function notAppliedInWords(reason: NotApplied): string {
  return match(reason)
    .with(
      { kind: 'nothing-symmetric' },
      ({ system }) => `symmetry: ${system} declares no sort of several interchangeable ids`,
    )
    .with({ kind: 'asymmetric' }, ({ why }) => `symmetry: ${why}${OR_UNREDUCED}`)
    .with(
      { kind: 'symmetry-not-needed' },
      () => 'symmetry: not needed, and of only two permutations it takes longer than the full search',
    )
    .with({ kind: 'partial-order-not-needed' }, () => 'por: not needed, and without it traces are shortest')
    .with(
      { kind: 'liveness-in-full' },
      () => 'liveness is judged on the full graph: no reduction is proven to keep every fair cycle',
    )
    .with(
      { kind: 'shared-in-full' },
      () => 'symmetry, por: a search that several workers share is not reduced',
    )
    .with(
      { kind: 'checkpoints-of-one-worker' },
      () => 'workers: a search that leaves checkpoints has one worker',
    )
    .with({ kind: 'reduction-of-one-worker' }, ({ reduce }) => `workers: --reduce ${reduce} needs one worker`)
    .with(
      { kind: 'symmetry-of-one-worker' },
      () => 'workers: symmetry, which saves more, needs one worker; --reduce none takes several',
    )
    .exhaustive()
}

/** The message of an error of the engine, and the option that avoids it. */
export function errorInWords(error: Error): string {
  return match(error)
    .with(P.instanceOf(AsymmetryError), ({ message }) => message + OR_UNREDUCED)
    .with(P.instanceOf(CheckpointError), ({ message, isLost }) =>
      isLost ? `${message}; start without --resume` : message,
    )
    .otherwise(({ message }) => message)
}

const OR_UNREDUCED = ' or search with --reduce none'

const joined = (first: StopReason | null, ...rest: readonly string[]): string =>
  [...(first === null ? [] : [stopInWords(first)]), ...rest].join('; ')

const METHODS = { walks: 'random walks', priorities: 'walks by random priorities' }

/** Walks in a row without a new state that are worth a word. */
const MANY_WALKS = 20

function sampledInWords(reason: SampledOnly): string {
  const { method, walks, withoutNew, maxDepth, seed, states, bound, stopped } = reason
  return [
    `${walks} ${METHODS[method]} of at most ${maxDepth} steps (seed ${seed}), ${states} distinct states seen`,
    ...(bound === null
      ? []
      : [
          `each meets a bug of depth ${bound.bugDepth} with probability at least ` +
            `1/(${bound.threads} * ${maxDepth}^${bound.bugDepth - 1}), given the choices within threads that it needs`,
        ]),
    ...(withoutNew < MANY_WALKS
      ? []
      : [`the last ${withoutNew} walks saw no new state: try another --search or --max-depth`]),
    ...(stopped === null ? [] : [stopInWords(stopped)]),
  ].join('; ')
}

function preemptionsInWords({ upTo, exhausted, cutAfter, stopped }: PreemptionsOnly): string {
  return [
    upTo === null
      ? 'not even the behaviours without preemptions were all visited'
      : exhausted
        ? `every state was visited, with at most ${upTo} preemptions`
        : `every behaviour with at most ${upTo} preemptions was visited`,
    ...(cutAfter === null ? [] : [`behaviours were cut after ${cutAfter} steps (--max-depth)`]),
    ...(stopped === null ? [] : [stopInWords(stopped)]),
  ].join('; ')
}
