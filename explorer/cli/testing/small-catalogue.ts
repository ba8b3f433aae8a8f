import type { Design } from '../../../model/designs/design.ts'
import { drop, insert, move, replace } from '../../../model/language/patch.ts'
import { choice, program, step } from '../../../model/language/program.ts'
import { Oops, type Property } from '../../../model/language/property.ts'
import { array, flag, range, sort, struct, type View } from '../../../model/language/shapes.ts'
import { compose, each, one } from '../../../model/language/system.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { anyWorld, type Catalogue } from '../catalogue.ts'

/**
 * A small catalogue for the tests of the command line: a zapper that marks a root and requests, a vCPU that
 * services the request, and scenarios that are large or wrong on purpose.
 */

const counters = sort('counter', 6)
const world = struct({
  marked: flag,
  request: flag,
  holds: flag,
  freed: flag,
  ticks: array(counters, range(0, 99)),
})
type World = View<typeof world>

const mark = step<World>(
  'Z.1',
  { fn: 'mark', shows: 'sp->role.invalid = 1' },
  {
    does: (w) => {
      w.marked = true
    },
  },
)

const zapper = program<World>('zapper', 'marks a root, then requests', [
  mark,
  step(
    'Z.2',
    { fn: 'request', shows: 'kvm_make_request()' },
    {
      does: (w) => {
        w.request = true
      },
    },
  ),
  step(
    'Z.3',
    { fn: 'free' },
    {
      when: (w) => !w.holds,
      does: (w) => {
        w.freed = true
      },
    },
  ),
])

const vcpu = program<World>('vcpu', 'services requests', [
  choice('run', [
    step(
      'V.1',
      { fn: 'check', shows: 'kvm_check_request()', validEnd: true },
      {
        when: (w) => w.request,
        does: (w) => {
          w.request = false
        },
        to: 'V.2',
      },
    ),
  ]),
  step('V.2', { fn: 'drop', shows: 'drop the root if it is marked' }, [
    {
      when: (w) => w.marked,
      does: (w) => {
        w.holds = false
      },
      to: 'run',
    },
    { to: 'run' },
  ]),
])

const ticker = program<World>('ticker', 'counts', [
  step(
    'T.1',
    { validEnd: true },
    {
      does: (w, self) => {
        w.ticks[self] = (w.ticks[self] + 1) % 100
      },
      to: 'T.1',
    },
  ),
])

/** Counts to a number once. */
const counterTo = (most: number) =>
  program<World>('ticker', `counts to ${most}`, [
    step(
      'T.1',
      { validEnd: true },
      {
        when: (w, self) => w.ticks[self] < most,
        does: (w, self) => {
          w.ticks[self]++
        },
        to: 'T.1',
      },
    ),
  ])

/** Counts to two, but the first one faster: not the same under another name. */
const favoured = program<World>('ticker', 'counts to two, the first one faster', [
  step(
    'T.1',
    { validEnd: true },
    {
      when: (w, self) => w.ticks[self] < 2,
      does: (w, self) => {
        w.ticks[self] += self === 0 && w.ticks[self] === 0 ? 2 : 1
      },
      to: 'T.1',
    },
  ),
])

const start = (w: World): void => {
  w.holds = true
}

const scenarios: readonly Scenario<World>[] = [
  {
    id: 'zap',
    aliases: ['S1'],
    title: 'one vCPU and one zapper',
    about: 'The order of mark and request.',
    bounds: { vcpus: 1, zappers: 1 },
    properties: ['root-dropped', 'freed-seen', 'no-dead-end', 'can-free', 'never-asked', 'marked-for-good'],
    build: ({ patches } = { patches: [] }) =>
      compose({ name: 'zap', world, threads: [one(zapper), one(vcpu)], initial: [start], patches }),
  },
  {
    id: 'zap-and-tick',
    aliases: [],
    title: 'as zap, with a counter that has nothing to do with it',
    about: 'Has longer counterexamples than needed.',
    bounds: { vcpus: 1, zappers: 1, counters: 1 },
    properties: ['root-dropped'],
    build: ({ patches } = { patches: [] }) =>
      compose({
        name: 'zap-and-tick',
        world,
        threads: [one(zapper), one(vcpu), one(ticker)],
        initial: [start],
        patches,
      }),
  },
  {
    id: 'counts',
    aliases: [],
    title: 'six counters to seven: a quarter of a million states',
    about: 'Takes half a second.',
    bounds: { counters: 6 },
    properties: ['not-both-four', 'half-way', 'can-finish'],
    build: ({ patches } = { patches: [] }) =>
      compose({
        name: 'counts',
        world,
        threads: [each(counters, counterTo(7))],
        initial: [start],
        patches,
      }),
  },
  {
    id: 'alike',
    aliases: [],
    title: 'six counters to two: 729 states, 28 up to renaming',
    about: 'A true claim of symmetry.',
    bounds: { counters: 6 },
    properties: ['few-ticks'],
    build: ({ patches } = { patches: [] }) =>
      compose({
        name: 'alike',
        world,
        threads: [each(counters, counterTo(2))],
        initial: [start],
        symmetric: [counters],
        patches,
      }),
  },
  {
    id: 'lopsided',
    aliases: [],
    title: 'counters of which one is not like the others, though it is said to be',
    about: 'A false claim of symmetry.',
    bounds: { counters: 6 },
    properties: ['few-ticks'],
    build: ({ patches } = { patches: [] }) =>
      compose({
        name: 'lopsided',
        world,
        threads: [each(counters, favoured)],
        initial: [start],
        symmetric: [counters],
        patches,
      }),
  },
  {
    id: 'waits',
    aliases: [],
    title: 'as zap; the vCPU may wait forever',
    about: 'Has a violation that is a loop.',
    bounds: { vcpus: 1, counters: 1 },
    properties: ['frees-in-the-end', 'freed-seen-alone'],
    build: ({ patches } = { patches: [] }) =>
      compose({ name: 'waits', world, threads: [one(zapper), one(ticker)], initial: [start], patches }),
  },
  {
    id: 'endless',
    aliases: [],
    title: 'six counters: a million million states',
    about: 'Never finishes in a test.',
    bounds: { counters: 6 },
    properties: ['root-dropped'],
    build: ({ patches } = { patches: [] }) =>
      compose({ name: 'endless', world, threads: [each(counters, ticker)], initial: [start], patches }),
  },
]

const common = {
  aliases: [],
  about: '',
  kernel: { version: 'never', function: 'zap' },
  status: 'candidate',
  scenarios: ['zap'],
  expect: [],
} as const

const designs: readonly Design<World>[] = [
  {
    ...common,
    id: 'upstream',
    aliases: ['D0'],
    title: 'mark, then request',
    status: 'upstream',
    patches: [],
  },
  {
    ...common,
    id: 'request-first',
    aliases: ['D1'],
    title: 'request, then mark',
    status: 'bug',
    kernel: { commit: '0123456789ab', version: 'v1.0', function: 'zap' },
    patches: [move('Z.2', { before: 'Z.1' })],
    expect: [
      { scenario: 'zap', property: 'root-dropped', verdict: 'violated' },
      { scenario: 'zap', property: 'can-free', verdict: 'violated' },
    ],
  },
  {
    ...common,
    id: 'believed-wrong',
    title: 'nothing changes, yet it is said to fail',
    patches: [replace('Z.1', mark)],
    expect: [{ scenario: 'zap', property: 'root-dropped', verdict: 'violated' }],
  },
  {
    ...common,
    id: 'unmarks',
    title: 'clears the mark, and frees twice',
    patches: [
      insert(
        { after: 'Z.3' },
        step(
          'Z.4',
          { fn: 'unmark' },
          {
            does: (w) => {
              w.marked = false
            },
          },
        ),
        step(
          'Z.5',
          { fn: 'free' },
          {
            does: () => {
              throw new Oops('no-double-free', 'the root is freed twice')
            },
          },
        ),
      ),
    ],
  },
  { ...common, id: 'misspelt', title: 'names no step', patches: [drop('Z.99')] },
  {
    ...common,
    id: 'outside',
    title: 'writes outside a domain',
    patches: [
      replace(
        'Z.3',
        step(
          'Z.3',
          {},
          {
            does: (w) => {
              w.ticks[0] = 100
            },
          },
        ),
      ),
    ],
  },
  {
    ...common,
    id: 'ends-its-thread',
    title: 'ends the thread that searches, as running out of memory would',
    patches: [replace('Z.3', step('Z.3', {}, { does: () => process.exit(9) }))],
  },
]

const properties: readonly Property<World>[] = [
  {
    id: 'root-dropped',
    aliases: ['I-1'],
    kind: 'invariant',
    title: 'A root that was zapped is not held once its request was serviced.',
    consequence: 'The guest runs on a zapped root.',
    given: (w, at) => 'zapper' in at && at.zapper[0] === 'Z.3' && at.vcpu[0] === 'run' && !w.request,
    holds: (w) => !w.holds,
  },
  { id: 'freed-seen', kind: 'witness', title: 'The root is freed.', seen: (w) => w.freed },
  {
    id: 'freed-seen-alone',
    kind: 'witness',
    title: 'The root is freed though the vCPU holds it.',
    seen: (w) => w.freed,
  },
  { id: 'no-dead-end', kind: 'deadlock', title: 'No dead end.' },
  { id: 'can-free', kind: 'progress', title: 'The root can always be freed.', goal: (w) => w.freed },
  {
    id: 'never-asked',
    kind: 'invariant',
    title: 'Says nothing.',
    given: () => false,
    holds: () => false,
  },
  {
    id: 'marked-for-good',
    kind: 'action',
    title: 'A mark is never taken back.',
    given: (before) => before.marked,
    holds: (_, __, after) => after.marked,
  },
  {
    id: 'few-ticks',
    kind: 'invariant',
    title: 'Fewer than eight ticks in all.',
    holds: (w) => w.ticks[0] + w.ticks[1] + w.ticks[2] + w.ticks[3] + w.ticks[4] + w.ticks[5] < 8,
  },
  {
    id: 'not-both-four',
    kind: 'invariant',
    title: 'The first two counters are not both at four.',
    given: (w) => w.ticks[0] === 4,
    holds: (w) => w.ticks[1] !== 4,
  },
  { id: 'half-way', kind: 'witness', title: 'A counter is at five.', seen: (w) => w.ticks[2] === 5 },
  {
    id: 'can-finish',
    kind: 'progress',
    title: 'The first counter can always get to seven.',
    goal: (w) => w.ticks[0] === 7,
  },
  {
    id: 'frees-in-the-end',
    kind: 'eventually',
    title: 'The root is freed in the end.',
    goal: (w) => w.freed,
  },
  { id: 'no-double-free', kind: 'fault', title: 'Nothing is freed twice.' },
]

export const catalogue: Catalogue = anyWorld({ scenarios, designs, properties })
