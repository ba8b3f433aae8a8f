import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Design } from '../../model/designs/design.ts'
import { designs } from '../../model/designs/index.ts'
import { drop, insert, only } from '../../model/language/patch.ts'
import { program, step } from '../../model/language/program.ts'
import type { Invariant } from '../../model/language/property.ts'
import { flag, range } from '../../model/language/shapes.ts'
import { each, one, type System } from '../../model/language/system.ts'
import { REENTER } from '../../model/machines/hand-over.ts'
import type { With } from '../../model/memory/added.ts'
import { type Bounds, last_generation, mergeBounds } from '../../model/memory/bounds.ts'
import { forget_fault } from '../../model/memory/fault/fault.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { slot_found } from '../../model/memory/memslots/memslot.ts'
import type { Sorts } from '../../model/memory/sorts.ts'
import { finish_instruction } from '../../model/memory/vcpu/instruction.ts'
import { type Change, changeOf } from '../../model/scenarios/additions.ts'
import { scenarioOutside } from '../../model/scenarios/build-scenario.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { SLOT_CREATE } from '../../model/scenarios/memslots/slot-create.ts'
import { properties } from '../../properties/index.ts'
import { anyWorld } from '../cli/catalogue.ts'
import type { Checker } from '../cli/checker.ts'
import { counterexampleFiles } from '../cli/counterexample-files.ts'
import { replayed } from '../cli/counterexamples.ts'
import { mismatches, runCell } from '../cli/gate/cell-run.ts'
import { resultSchema } from '../cli/report/result-json.ts'
import { runCheck } from '../cli/run-check.ts'
import { runSmall } from '../cli/testing/run-small.ts'
import { checkAgainstReference } from '../compile/check-against-reference.ts'
import { breadthFirst } from '../search/breadth-first.ts'

// The design: the MMIO cache of a vCPU, with its field, thread and property.

const fields = (_: Sorts, bounds: Bounds) => ({
  vcpu: { mmio_gva: range(0, bounds.guest.gvas), mmio_gen: range(0, last_generation(bounds)) },
})
type World = With<Kvm, ReturnType<typeof fields>>
type Match = (kvm: World, v: number) => boolean
/** `vcpu_match_mmio_gen()`. */
const same_gen: Match = ({ vcpu, memslots }, v) =>
  vcpu[v].mmio_gen === memslots.generation && !memslots.update_in_progress
/** mmio_gva is 0 for none, else the address + 1; the scenario has one table. */
const frame = (kvm: World, v: number) => kvm.guest_table[0][kvm.vcpu[v].mmio_gva - 1].to as number
const cache = (kvm: World, v: number, gva: number) =>
  Object.assign(kvm.vcpu[v], { mmio_gva: gva, mmio_gen: gva === 0 ? 0 : kvm.memslots.generation })
const cacheIt = step<World>('cache', { fn: 'vcpu_cache_mmio_info', shows: 'mmio_gva, mmio_gen' }, [
  {
    when: (kvm, v) => kvm.vcpu[v].fault.pfn === null && !kvm.memslots.update_in_progress,
    does: (kvm, v) => void cache(kvm, v, kvm.vcpu[v].gva + 1),
  },
  {},
])
const match = (matches: Match) =>
  step<World>('match', { fn: 'vcpu_match_mmio_gva' }, [
    {
      when: (kvm, v) => kvm.vcpu[v].mmio_gva === kvm.vcpu[v].gva + 1 && matches(kvm, v),
      does: (kvm, v) => {
        finish_instruction(kvm, v)
        forget_fault(kvm, v)
      },
      to: REENTER,
    },
    {},
  ])
const reset = step<World>(
  'reset',
  { fn: 'vcpu_clear_mmio_info', validEnd: true },
  {
    when: ({ vcpu }, v) => vcpu[v].mmio_gva > 0 && vcpu[v].guest === 'idle',
    does: (kvm, v) => void cache(kvm, v, 0),
    to: 'reset',
  },
)
const isFresh = (matches: Match): Invariant<World> => ({
  kind: 'invariant',
  id: 'mmio-cache-is-fresh',
  title: 'The MMIO cache of a vCPU does not match an address whose frame has a memslot.',
  given: ({ vcpu }) => [...vcpu].some(({ mmio_gva }) => mmio_gva > 0),
  holds: (kvm) =>
    kvm.memslots.update_in_progress ||
    [...kvm.vcpu].every(
      (c, v) => c.mmio_gva === 0 || !matches(kvm, v) || slot_found(kvm, frame(kvm, v)) === 'none',
    ),
})
const mmioCache = (matches: Match): Change<Kvm> =>
  changeOf({
    fields,
    threads: (sorts) => [each(sorts.vcpu, program('reset', 'KVM_SET_SREGS', [reset]))],
    properties: [isFresh(matches)],
    patches: [insert({ before: 'SET.1' }, cacheIt), insert({ before: 'PF.1' }, match(matches))],
  })

// The end of the design; what follows registers and checks it.

const CREATE = 'slot-create-mmio'

const about: Omit<Design<Kvm>, 'id' | 'patches' | 'expect'> = {
  aliases: [],
  title: 'vCPUs cache the address of their last MMIO access',
  status: 'control',
  kernel: { commit: '56f17dd3fbc4', version: 'v3.17', function: 'vcpu_cache_mmio_info' },
  about: '',
  scenarios: [CREATE],
}
const good: Design<Kvm> = { ...about, ...mmioCache(same_gen), id: 'mmio-cache', expect: [] }
const bad: Design<Kvm> = {
  ...about,
  ...mmioCache(() => true),
  id: 'mmio-cache-without-generation',
  status: 'bug',
  expect: [{ scenario: CREATE, property: 'mmio-cache-is-fresh', verdict: 'violated' }],
}

const upstream = designs.find(({ id }) => id === 'upstream') as Design<Kvm>
const inOneCatalogue = anyWorld<Kvm>({ scenarios, designs: [upstream, good, bad], properties })
const checker: Checker = { catalogue: inOneCatalogue, version: '0.0.0', modelHash: () => '0123456789abcdef' }
const out = mkdtempSync(join(tmpdir(), 'mmucheck-'))
afterAll(() => rmSync(out, { recursive: true }))

const run = (...args: string[]) =>
  runSmall(args, {
    ...checker,
    runner: {
      run: (request, signal, on) => runCheck(inOneCatalogue, request, { stop: () => signal.aborted, ...on }),
    },
    writer: counterexampleFiles(checker, async (found) => {
      replayed(checker, found)
      return null
    }),
  })

const home = scenarios.find(({ id }) => id === CREATE) as (typeof scenarios)[number]
const namesOf = (system: System<Kvm>): string[] =>
  system.layout.fields.map(({ path }) => path).filter((path) => !path.startsWith('at.'))

describe('a design that adds a field, a thread and a property', () => {
  it('is judged by its property, with the verdicts that it expects, and every behaviour is the one of xstate', () => {
    for (const design of [good, bad]) {
      const compare = checkAgainstReference(home.build(design))
      let compared = 0
      const found = runCell(design, home, properties, {
        onRecord: (recording) => {
          compare(recording)
          compared++
        },
      })
      expect(compared).toBeGreaterThan(0)
      expect(mismatches(found)).toEqual([])
      expect(found.result.properties.map(({ id }) => id)).toContain('mmio-cache-is-fresh')
      expect(found.result.steps.get('reset.reset')).toBeGreaterThan(0)
    }
  })

  it('is found by --property, and the trace shows its field', async () => {
    const asked = ['--property', 'mmio-cache-is-fresh', '--out', out]
    const ran = await run('check', '--design', 'mmio-cache', '--design', bad.id, ...asked)
    expect(ran.err).toEqual([])
    expect(ran.status).toBe(1)
    const verdicts = ran.out.filter((line) => line.startsWith('  mmio-cache-is-fresh'))
    expect(verdicts.map((line) => line.split(/ +/)[2])).toEqual(['holds', 'VIOLATED'])
    const file =
      ran.out
        .find((line) => line.includes(out))
        ?.split(' ')
        .at(-1) ?? ''
    const shown = await run('show', file, '--as', 'states')
    expect(shown.out.join('\n')).toMatch(/vcpu\[0\]\.mmio_gva/)
    expect((await run('show', file)).out.join('\n')).toMatch(/vcpu_cache_mmio_info\(\)/)
    expect((await run('replay', file)).status).toBe(0)
  })

  it('names its property and its thread in lists and explanations', async () => {
    expect((await run('list', 'properties')).out.join('\n')).toContain('mmio-cache-is-fresh: The MMIO cache')
    expect((await run('list', 'machines')).out).toContain('reset: KVM_SET_SREGS')
    const said = (await run('explain', 'mmio-cache-is-fresh')).out.join(' ').replaceAll(/\s+/g, ' ')
    expect(said).toContain('with design mmio-cache: slot-create-mmio')
    expect(said).toContain('broken by mmio-cache-without-generation')
    expect((await run('machine', 'reset')).out.join('\n')).toContain('reset')
    expect((await run('explain', 'reset')).out[0]).toBe('machine reset')
  })

  it('is judged by its property with it only', async () => {
    const without = await run('check', CREATE, '--property', 'mmio-cache-is-fresh')
    expect(without.status).toBe(2)
    expect(without.err[0]).toContain(
      'it is only checked with design mmio-cache, mmio-cache-without-generation',
    )
    const json = await run('check', CREATE, '--json')
    const [{ properties: judged }] = resultSchema.parse(JSON.parse(json.out.join('\n'))).checks
    expect(judged.map(({ id }) => id)).not.toContain('mmio-cache-is-fresh')
  })

  it('says which steps it brings, and that it has an effect', async () => {
    const json = await run('check', '--design', 'mmio-cache', '--json')
    const [check] = resultSchema.parse(JSON.parse(json.out.join('\n'))).checks
    expect(check.withoutEffect).toBe(false)
    expect(check.ownSteps).toEqual(['vcpu.PF/match', 'vcpu.PF/cache', 'reset.reset'])
  })

  it('can have its thread patched by another change', () => {
    const more: Change<Kvm> = {
      ...good,
      patches: [...good.patches, only('reset', insert({ before: 'reset' }, step('wait', {})))],
    }
    expect(home.build(more).threads.find(({ name }) => name === 'reset0')?.flow.counters).toContain('wait')
    expect(() => home.build({ patches: [only('reset', drop('wait'))] })).not.toThrow()
  })
})

describe('the packed state', () => {
  it('has the added fields with the design and is as it was without', () => {
    const before = namesOf(home.build())
    const added = namesOf(home.build(good)).filter((path) => !before.includes(path))
    expect(added).toEqual(['mmio_gva', 'mmio_gen'].map((name) => `world.vcpu[0].${name}`))
    const layout = ({ layout: { words, fields: all } }: System<Kvm>) =>
      JSON.stringify([words, all.map(({ path, shape, word, shift }) => [path, shape.type, word, shift])])
    expect(layout(home.build({ patches: [] }))).toBe(layout(home.build()))
    expect(layout(home.build({ patches: [], adds: {} }))).toBe(layout(home.build()))
  })

  it('refuses a value out of range and a field that exists', () => {
    const twice = changeOf({ fields: () => ({ vcpu: { mode: flag } }), patches: [] })
    expect(() => home.build(twice)).toThrow('the field mode exists already')
    const wrong = changeOf({
      fields: () => ({ kvm: { small: range(0, 1) } }),
      setUp: (kvm) => {
        kvm.small = 2
      },
      patches: [],
    })
    expect(() => home.build(wrong)).toThrow(/small/)
  })
})

describe('symmetry', () => {
  const two = scenarioOutside({
    ...SLOT_CREATE,
    id: 'two',
    bounds: mergeBounds(SLOT_CREATE.bounds, { vcpus: 2 }),
  })
  const searched = (change: Change<Kvm>, reduce: 'none' | 'symmetry' | 'all') => {
    const added = change.adds?.properties ?? []
    return breadthFirst(two.build(change), added, { reduce, recheck: 'all', maxStates: 2_000_000 })
  }
  const verdictsOf = ({ properties: all }: ReturnType<typeof searched>) =>
    all.map(({ id, verdict, trace }) => [id, verdict, trace?.steps.length])

  it.each([good, bad])('of vCPUs includes the fields of $id', (design) => {
    const [full, reduced] = [searched(design, 'none'), searched(design, 'symmetry')]
    expect(full.complete).toBe(true)
    expect(reduced.reduction.symmetry).not.toBeNull()
    expect(reduced.states).toBeLessThan(full.states)
    expect(verdictsOf(reduced)).toEqual(verdictsOf(full))
  })

  it('is not used where an added thread treats one vCPU differently', () => {
    const marked = () => ({ vcpu: { marked: flag } })
    type Marked = With<Kvm, ReturnType<typeof marked>>
    const asymmetric = changeOf({
      fields: marked,
      threads: () => [
        one(
          program<Marked>('marker', 'marks vCPU 1', [
            step(
              'mark',
              { validEnd: true },
              {
                when: (kvm) => kvm.vcpu[1].mode === 'IN_GUEST_MODE',
                does: (kvm) => {
                  kvm.vcpu[1].marked = true
                },
                to: 'done',
              },
            ),
          ]),
        ),
      ],
      properties: [
        { kind: 'witness', id: 'second-is-marked', title: 'Marked.', seen: (kvm) => kvm.vcpu[1].marked },
        { kind: 'invariant', id: 'first-is-not', title: 'Not.', holds: (kvm) => !kvm.vcpu[0].marked },
      ],
      patches: [],
    })
    const [full, reduced] = [searched(asymmetric, 'none'), searched(asymmetric, 'all')]
    expect(verdictsOf(reduced)).toEqual(verdictsOf(full))
    expect(reduced.reduction.symmetry).toBeNull()
    expect(reduced.states).toBe(full.states)
  })
})
