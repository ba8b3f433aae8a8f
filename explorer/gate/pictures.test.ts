import { describe, expect, it } from 'vitest'
import { htmlText } from '../../counterexamples/html.ts'
import type { Known } from '../../counterexamples/known-file.ts'
import { pageDataOf } from '../../counterexamples/page-data.ts'
import { Reference } from '../../model/language/reference.ts'
import type { System } from '../../model/language/system.ts'
import { kvmDrawing } from '../../model/pictures/drawing.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { load } from '../cli/counterexamples.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { checkedInKnown } from './known.ts'

const checker = { catalogue, version: '0', modelHash: () => '0'.repeat(16) }
const { counterexamples } = checkedInKnown()

/** The first counterexample like this that is kept. */
function loaded(wanted: (known: Known) => boolean) {
  const found = counterexamples.find(wanted)
  if (found === undefined) throw new Error('no counterexample like this is kept')
  return load(checker, { name: found.id, out: 'none' })
}

/** States along a walk that takes the last step that is possible, then the first, and so on. */
function walked(system: System, length: number): Uint16Array[] {
  const reference = new Reference(system)
  const states = [system.initial[0]]
  for (let n = 0; n < length; n++) {
    const snapshot = reference.snapshot(states[n])
    const outcome = reference.enabled(snapshot).map((step) => reference.step(snapshot, step))
    const moved = outcome.filter((each) => each.kind === 'moved')
    const next = moved[n % 2 === 0 ? moved.length - 1 : 0]
    if (next === undefined) break
    states.push(reference.encode(next.next))
  }
  return states
}

describe('the pictures of KVM', () => {
  it.each(['reclaim-under-fault', 'composite-edits', 'unsync-two-levels', 'slot-delete-rmap-chain'])(
    'of %s have the same boxes in all states, and point at what there is',
    (name) => {
      const scenario = scenarios.find(({ id }) => id === name)
      if (scenario === undefined) throw new Error(`there is no ${name}`)
      const system = scenario.build() as System
      let shown = system.initial[0]
      const { world } = system.view({ read: (f) => shown[f], write: () => {} })
      const drawn = walked(system, 40).map((state) => {
        shown = state
        return kvmDrawing.boxes(world)
      })
      expect(drawn.length).toBeGreaterThan(5)
      const ids = drawn[0].map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      for (const boxes of drawn) {
        expect(boxes.map(({ id }) => id)).toEqual(ids)
        for (const { cells = [], band } of boxes) {
          expect(band).toBeLessThan(kvmDrawing.bands.length)
          expect(new Set(cells.map(({ name }) => name)).size).toBe(cells.length)
          const pages = cells.flatMap(({ to }) => (to?.startsWith('page') ? [to.split('.')[0]] : []))
          expect(pages.filter((id) => !ids.includes(id))).toEqual([])
        }
      }
    },
  )

  it('say who holds mmu_lock, and who makes a request', () => {
    const { steps, lanes } = pageDataOf(
      loaded(
        (k) =>
          k.design === 'request-before-invalid' &&
          k.scenario === 'roots-zap-one' &&
          k.property === 'no-stale-root-used',
      ),
    )
    const zapper = lanes.findIndex(({ role }) => role === 'zapper0')
    const vcpu = lanes.findIndex(({ role }) => role === 'vcpu0')
    expect(steps[0].locks).toEqual([['mmu_lock', zapper]])
    expect(steps.flatMap(({ signals = [] }) => signals)).toEqual([
      { kind: 'request', lane: vcpu, to: 'vcpu0', text: 'FREE_OBSOLETE_ROOTS' },
    ])
  })

  it('show the freed page that a thread is at, and say what oopses', () => {
    const { picture, steps, end } = pageDataOf(
      loaded((k) => k.design === 'rmap-head-read-again' && k.property === 'no-use-after-free'),
    )
    const boxes = new Map(picture?.boxes.map((box) => [box.id, box]))
    for (const step of steps) for (const box of step.boxes ?? []) boxes.set(box.id, box)
    expect(boxes.get('aging[0]')).toMatchObject({ cells: [{ name: 'sp', to: 'page0' }], gone: false })
    expect(boxes.get('page0')?.gone).toBe(true)
    expect(end).toMatch(/^BUG: no-use-after-free \(aging visits an SPTE of page 0 after/)
  })

  it('make pages of at most 150 kB, which judge each property in each state', () => {
    const sixty = loaded(({ steps }) => steps.length >= 60 && steps.length < 70)
    expect(htmlText(sixty).length).toBeLessThan(150_000)
    const counterexample = loaded(
      (k) => k.design === 'prev-roots-tested-by-current' && k.property === 'every-access-can-finish',
    )
    expect(htmlText(counterexample).length).toBeLessThan(150_000)
    const { judged, steps, length } = pageDataOf(counterexample)
    expect(length).toBeLessThan(steps.length)
    for (const { kind, marks } of judged) {
      const isOfStates = ['invariant', 'action', 'witness'].includes(kind)
      if (isOfStates) expect(marks).toMatch(new RegExp(`^[+!-]{${steps.length + 1}}$`))
    }
    const own = judged.find(({ id }) => id === 'every-access-can-finish')
    expect(own?.marks.indexOf('!')).toBe(length)
  })
})
