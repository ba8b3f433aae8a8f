import { describe, expect, it } from 'vitest'
import { EncodedValues } from '../language/layout.ts'
import { mergeBounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { boundsOf, type Plan, scenarioOutside } from './build-scenario.ts'

const plan = (changes: Partial<Plan>): Plan => ({
  id: 'plan',
  title: 'a vCPU and the threads that the bounds ask for',
  about: 'For the tests.',
  bounds: {},
  start: { tables: [[1]] },
  properties: [],
  ...changes,
})

const systemOf = (changes: Partial<Plan>) => scenarioOutside(plan(changes)).build()

/** The initial state. */
function startOf(changes: Partial<Plan>): Kvm {
  const { initial, layout, view } = systemOf(changes)
  const store = new EncodedValues(layout.fields.length)
  store.values.set(initial[0])
  return view(store).world
}

const symmetric = (changes: Partial<Plan>): string[] =>
  systemOf(changes)
    .symmetric.filter((sort) => sort.size > 1)
    .map((sort) => sort.name)

describe('the bounds of a scenario', () => {
  it('count the guest tables of its start and their entries', () => {
    const start = {
      tables: [
        [1, null],
        [2, 3],
      ],
    }
    expect(boundsOf(plan({ start }))).toMatchObject({ guest: { tables: 2, entries: 2 }, vcpus: 1 })
  })

  it('are listed without those that are off', () => {
    const { bounds } = scenarioOutside(plan({ bounds: { zap: { threads: 1, pages: 2 } } }))
    expect(bounds).toMatchObject({ 'zap.threads': 1, 'zap.pages': 2, 'guest.tables': 1 })
    expect(Object.keys(bounds).join()).not.toContain('notifier')
  })
})

describe('bounds that contradict each other', () => {
  it.each<[string, Plan['bounds']]>([
    ['notifier.of names no frame', { notifier: {} }],
    ['notifier.cow needs guests that write', { notifier: { cow: [1] } }],
    ['notifier.of, notifier.cow or notifier.range names frame 9', { notifier: { of: [9] } }],
    ['attributes.of names no frame', { attributes: {} }],
    ['attributes.of: frame 0 is a page table', { attributes: { of: [0] } }],
    ['attributes: host.pfns must be at least 3', { attributes: { of: [1] } }],
    ['attributes needs a direct MMU', { host: { pfns: 3 }, attributes: { of: [1] } }],
    [
      'attributes: not with notifier',
      {
        host: { pfns: 3 },
        shadow: { pages: 1, withoutGptes: [0] },
        attributes: { of: [1] },
        notifier: { of: [1] },
      },
    ],
    ['dirtyLog.of names no frame', { dirtyLog: { passes: 1 } }],
    ['guest.editsLeft needs guest.edits', { guest: { editsLeft: 1 } }],
    ['guest.cr3Loads needs a second page directory', { guest: { cr3Loads: 1 } }],
    ['zap.threads and zap.pages go together', { zap: { threads: 1 } }],
    ['memslots: a change needs memslots.slots', { memslots: { deletes: 1 } }],
    ['memslots.of names slot 2', { memslots: { slots: 1, of: [2] } }],
    ['asyncPf.on and asyncPf.swappedOut go together', { asyncPf: { on: true } }],
    ['nested.runs needs nested.mmus: 2', { nested: { runs: 1 } }],
    ['fault.fast is for direct roots', { fault: { fast: true } }],
    ['teardown.closes needs asyncPf', { teardown: { closes: true } }],
    ['writeTracking needs guests that write to tables', { writeTracking: { flooding: true } }],
  ])('are rejected with a message: %s', (sentence, bounds) => {
    expect(() => scenarioOutside(plan({ bounds }))).toThrow(sentence)
  })
})

describe('the threads of a scenario', () => {
  it('are the vCPUs and those with something to do', () => {
    const threads = systemOf({
      bounds: { vcpus: 2, zap: { threads: 1, pages: 1 }, notifier: { of: [1] } },
    }).threads
    expect(threads.map((thread) => thread.name)).toEqual(['vcpu0', 'vcpu1', 'zapper0', 'notifier0'])
  })

  it('are interchangeable unless the plan treats a vCPU differently', () => {
    const vcpus = 2
    const edit = { gva: 0, index: 0, to: 1, w: true }
    expect(symmetric({ bounds: { vcpus, zap: { threads: 2, pages: 1 } } })).toEqual(['vcpu', 'zapper'])
    expect(symmetric({ bounds: { vcpus, guest: { edits: [edit], editsLeft: 1 } } })).toEqual(['vcpu'])
    expect(symmetric({ bounds: { vcpus, guest: { edits: [{ ...edit, by: 0 }], editsLeft: 1 } } })).toEqual([])
    expect(symmetric({ bounds: { vcpus, unprotect: { stores: [{ gva: 0, by: 0 }] } } })).toEqual([])
    expect(symmetric({ bounds: { vcpus }, start: { tables: [[1]], cr3: [0, 0] } })).toEqual([])
    expect(symmetric({ bounds: { vcpus }, start: { tables: [[1]], cr3Loads: [0, 0] } })).toEqual([])
  })
})

describe('the start of a scenario', () => {
  const twoLevels = {
    bounds: {
      shadow: { levels: 2, pages: 3 },
      guest: { gfns: 3, pgds: 1 },
      host: { pfns: 3 },
      roots: { prev: 1 },
    },
    start: {
      tables: [
        [1, null],
        [2, 0],
      ],
      pages: [
        { gfn: 0, level: 2 },
        { gfn: 1, level: 1 },
      ],
    },
  }

  it('gives a vCPU the root of its page directory, if there is one', () => {
    const { vcpu, page } = startOf(twoLevels)
    expect(vcpu[0].root).toBe(0)
    expect(page[0].root_count).toBe(1)
    expect(startOf({}).vcpu[0].root).toBeNull()
  })

  it('counts a previous root as well', () => {
    const { vcpu, page } = startOf({ ...twoLevels, start: { ...twoLevels.start, previous: 0 } })
    expect(vcpu[0].prev_roots[0]).toBe(0)
    expect(page[0].root_count).toBe(2)
  })

  it('puts pages on the list from the oldest to the newest, and counts those with a guest table', () => {
    const kvm = startOf({
      ...twoLevels,
      bounds: mergeBounds(twoLevels.bounds, { shadow: { withoutGptes: [0] } }),
    })
    expect([...kvm.active_mmu_pages]).toEqual([0, 1, null])
    expect(kvm.indirect_shadow_pages).toBe(1)
  })

  it('may put them on the list in another order', () => {
    const { active_mmu_pages } = startOf({ ...twoLevels, start: { ...twoLevels.start, oldestFirst: [1, 0] } })
    expect([...active_mmu_pages]).toEqual([1, 0, null])
  })

  it('leaves SPTEs to page faults, or fills in those whose target exists', () => {
    expect(startOf(twoLevels).page[0].spte[0].kind).toBe('none')
    const { page, rmap } = startOf({ ...twoLevels, start: { ...twoLevels.start, filled: true } })
    expect(page[0].spte[0]).toMatchObject({ kind: 'non-leaf', child: 1 })
    expect(page[0].spte[1].kind).toBe('none')
    expect(page[1].parent_ptes[0].elements()).toEqual([0])
    expect(page[1].spte[1]).toMatchObject({ kind: 'leaf', gfn: 0, pfn: 0, w: true, mmuw: true })
    expect(rmap[0][1].elements()).toEqual([1])
  })

  it('backs frames by host pages, but not those of MMIO', () => {
    const { host_pte } = startOf({ bounds: { guest: { gfns: 3, mmioGfns: 1 }, host: { pfns: 3 } } })
    expect([...host_pte]).toEqual([0, 1, null])
  })

  it('backs the old and the new gfn of a slot that will move by one host page', () => {
    const { host_pte, hva_of_gfn, slot, memslot } = startOf({
      bounds: { guest: { gfns: 3 }, host: { pfns: 3 }, memslots: { slots: 2, of: [null, 0, 1], moves: 1 } },
    })
    expect([...hva_of_gfn]).toEqual([0, 1, 1])
    expect([...host_pte]).toEqual([0, 1, null])
    expect([slot[0].installed, slot[1].installed]).toEqual(['valid', 'gone'])
    expect(memslot[0].left).toBe(1)
  })
})
