import type { Design } from '../../../model/designs/design.ts'
import { drop, replace } from '../../../model/language/patch.ts'
import { program, step } from '../../../model/language/program.ts'
import { Oops, type Property } from '../../../model/language/property.ts'
import { array, flag, range, sort, struct, type View } from '../../../model/language/shapes.ts'
import { compose, each, one } from '../../../model/language/system.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { anyWorld, type Catalogue } from '../catalogue.ts'

/**
 * Model code with the mistakes that a type checker lets pass, or that JavaScript without types makes: it keeps
 * something outside the state, draws lots, forgets to return. Each must end its check with a model error.
 */

const readers = sort('reader', 2)
const world = struct({ n: range(0, 7), copy: array(readers, range(0, 7)), done: flag })
type Careless = View<typeof world>

const writer = program<Careless>('writer', 'counts round', [
  step(
    'W.1',
    { validEnd: true },
    {
      does: (w) => {
        w.n = (w.n + 1) % 8
      },
      to: 'W.1',
    },
  ),
])

const reader = program<Careless>('reader', 'copies the count once', [
  step(
    'R.1',
    {},
    {
      does: (w, self) => {
        w.copy[self] = w.n
      },
    },
  ),
])

const about = { aliases: [], about: 'A writer and two readers.', deep: true as const }

const scenarios: readonly Scenario<Careless>[] = [
  {
    ...about,
    id: 'careless',
    title: 'model code with mistakes',
    bounds: { readers: 2 },
    properties: [
      'small',
      'remembers',
      'counts-its-calls',
      'returns-nothing',
      'is-async',
      'misspelt-member',
      'misspelt-given',
      'throws-in-seen',
      'throws-in-goal',
      'throws-in-a-step',
      'throws-in-the-end',
      'faults',
      'misspelt-step',
      'misspelt-step-path',
      'misspelt-fairness',
      'dropped-step',
    ],
    build: ({ patches } = { patches: [] }) =>
      compose({
        name: 'careless',
        world,
        threads: [one(writer), each(readers, reader)],
        initial: [() => {}],
        patches,
      }),
  },
  {
    ...about,
    id: 'no-threads',
    title: 'nothing can happen',
    bounds: {},
    properties: ['small'],
    build: ({ patches } = { patches: [] }) =>
      compose({ name: 'no-threads', world, threads: [], initial: [() => {}], patches }),
  },
]

const design = {
  aliases: [],
  about: '',
  kernel: { version: 'never', function: 'careless' },
  status: 'control',
  scenarios: ['careless'],
  expect: [],
} as const

const upstream: Design<Careless> = {
  ...design,
  id: 'upstream',
  title: 'no mistake among the steps',
  status: 'upstream',
  patches: [],
}

/** What a careless author keeps beside the state. */
const kept = { n: 0, calls: 0 }

const writes = (does: (w: Careless) => unknown) =>
  replace<Careless>(
    'W.1',
    step('W.1', { validEnd: true }, { does: does as (w: Careless) => void, to: 'W.1' }),
  )
const reads = (does: (w: Careless, self: number) => void) =>
  replace<Careless>('R.1', step('R.1', {}, { does }))
const waits = (when: (w: Careless) => unknown) =>
  replace<Careless>('R.1', step('R.1', {}, { when: when as (w: Careless) => boolean }))

const designs: readonly Design<Careless>[] = [
  {
    ...design,
    id: 'value-left-in-a-closure',
    title: 'the writer leaves a value beside the state, the readers use it',
    patches: [
      writes((w) => {
        w.n = (w.n + 1) % 8
        kept.n = w.n
      }),
      reads((w, self) => {
        w.copy[self] = kept.n
      }),
    ],
  },
  { ...design, id: 'copies-nothing', title: 'the readers do nothing', patches: [drop('R.1')] },
  {
    ...design,
    id: 'step-counts-its-calls',
    title: 'the readers do something else after some calls',
    patches: [
      reads((w, self) => {
        w.copy[self] = kept.calls++ < 4 ? 1 : 2
      }),
    ],
  },
  {
    ...design,
    id: 'draws-lots',
    title: 'an effect calls Math.random()',
    patches: [
      reads((w, self) => {
        w.copy[self] = Math.floor(Math.random() * 1.0001)
      }),
    ],
  },
  {
    ...design,
    id: 'looks-at-the-clock',
    title: 'an effect calls Date.now()',
    patches: [
      reads((w, self) => {
        w.copy[self] = Date.now() > 0 ? 1 : 2
      }),
    ],
  },
  {
    ...design,
    id: 'reads-in-varying-order',
    title: 'an effect reads other fields at every call',
    patches: [
      reads((w, self) => {
        const [a, b] = kept.calls++ % 2 === 0 ? [w.n, w.done] : [w.done, w.n]
        w.copy[self] = a === b ? 1 : 0
      }),
    ],
  },
  {
    ...design,
    id: 'async-guard',
    title: 'a guard is async',
    patches: [waits(async (w) => w.n > 3)],
  },
  {
    ...design,
    id: 'promising-guard',
    title: 'a guard returns a promise',
    patches: [waits((w) => Promise.resolve(w.n > 3))],
  },
  {
    ...design,
    id: 'silent-guard',
    title: 'a guard forgets to return',
    patches: [
      waits((w) => {
        w.n > 3
      }),
    ],
  },
  {
    ...design,
    id: 'async-effect',
    title: 'an effect is async',
    patches: [
      writes(async (w) => {
        w.n = (w.n + 1) % 8
      }),
    ],
  },
  {
    ...design,
    id: 'promising-effect',
    title: 'an effect returns a promise',
    patches: [writes((w) => Promise.resolve().then(() => w.n++))],
  },
  {
    ...design,
    id: 'misspelt-write',
    title: 'an effect writes to a member that does not exist',
    patches: [
      writes((w) => {
        ;(w as unknown as { m: number }).m = 1
      }),
    ],
  },
]

const misspelt = (w: Careless): { readonly coppy: readonly number[] } =>
  w as unknown as { readonly coppy: readonly number[] }

/** The last count that a property saw. */
let last = 0
let calls = 0

const properties: readonly Property<Careless>[] = [
  { id: 'small', kind: 'invariant', title: 'The count is small.', holds: (w) => w.n < 8 },
  {
    id: 'remembers',
    kind: 'invariant',
    title: 'The count never goes down, says what was seen before.',
    holds: (w) => {
      const isUp = w.n >= last
      last = w.n
      return isUp
    },
  },
  {
    id: 'counts-its-calls',
    kind: 'invariant',
    title: 'There are no more than four states.',
    holds: () => ++calls <= 4,
  },
  {
    id: 'returns-nothing',
    kind: 'invariant',
    title: 'Forgets to return.',
    holds: ((w: Careless) => {
      w.n < 8
    }) as unknown as () => boolean,
  },
  {
    id: 'is-async',
    kind: 'witness',
    title: 'Is async.',
    seen: (async (w: Careless) => w.n > 9) as unknown as () => boolean,
  },
  {
    id: 'misspelt-member',
    kind: 'invariant',
    title: 'Reads a member that does not exist.',
    holds: (w) => misspelt(w).coppy === undefined,
  },
  {
    id: 'misspelt-given',
    kind: 'action',
    title: 'Reads a member that does not exist to find out whether it applies.',
    given: (before) => misspelt(before).coppy !== undefined,
    holds: () => false,
  },
  {
    id: 'misspelt-step',
    kind: 'witness',
    title: 'Names a step that no program has.',
    seen: (_, at) => at.writer[0] === 'W.9',
  },
  {
    id: 'misspelt-step-path',
    kind: 'action',
    title: 'Names a step that no program has.',
    given: (_, { path }) => path === 'never seen here',
    holds: (_, step) => !step.path.endsWith('/W.1'),
  },
  {
    id: 'misspelt-fairness',
    kind: 'eventually',
    title: 'Is fair to a step that no program has.',
    fairness: [{ strength: 'weak', of: 'step', kinds: ['writer'], paths: ['W.9'] }],
    goal: (w) => w.n === 7,
  },
  {
    id: 'dropped-step',
    kind: 'witness',
    title: 'Names a step that a design drops, and a kind of threads that does not run here.',
    seen: (_, at) => at.reader[0] === 'R.1' || ('zapper' in at && at.zapper[0] === 'Z.1'),
  },
  { id: 'throws-in-seen', kind: 'witness', title: 'Throws.', seen: (w) => fails(w) },
  { id: 'throws-in-goal', kind: 'progress', title: 'Throws.', goal: (w) => fails(w) },
  {
    id: 'throws-in-a-step',
    kind: 'action',
    title: 'Throws.',
    given: (before) => before.n === 1,
    holds: (before) => fails(before),
  },
  { id: 'throws-in-the-end', kind: 'leads-to', title: 'Throws.', given: (w) => fails(w), goal: () => false },
  {
    id: 'faults',
    kind: 'action',
    title: 'Faults, which only a step may.',
    holds: () => {
      throw new Oops('no-double-free', 'freed by a property')
    },
  },
]

function fails(w: Careless): boolean {
  throw new Error(`cannot judge ${w.n}`)
}

export const careless: Catalogue = anyWorld({ scenarios, designs: [upstream, ...designs], properties })
