import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawCanvas } from './canvas.ts'
import type { Row } from './rows.ts'
import { WIDTH } from './text-layout.ts'

const NOTIFIER = 'kvm_mmu_notifier_invalidate_range_start()'

const lanes = (count: number) => ({
  all: Array.from({ length: count }, (_, i) => ({
    cpu: `CPU${i}`,
    role: ['vcpu0', 'memslot', 'notifier0', 'vcpu1'][i],
  })),
  of: [],
})

const row = (lane: number, level: number, text: string, label?: string): Row => ({
  lane,
  step: 0,
  level,
  text,
  number: 1,
  ...(label === undefined ? {} : { label }),
})

/** A notifier in the last lane, deeper and deeper, and a request in the first. */
const drawn = (count: number): string => {
  const last = count - 1
  const rows = [
    row(0, 0, 'kvm_make_all_cpus_request(FREE_OBSOLETE_ROOTS)'),
    row(last, 0, NOTIFIER),
    row(last, 1, '__kvm_handle_hva_range()'),
    row(last, 2, 'kvm_mmu_page_unlink_children_of_a_page()', 'A'),
    row(0, 2, NOTIFIER, 'B'),
  ]
  return `\n${drawCanvas(rows, lanes(count), { text: 'BUG: p' }).join('\n')}\n`
}

describe('names are whole', () => {
  it('in two lanes', () =>
    expect(drawn(2)).toMatchInlineSnapshot(`
      "
        CPU0 (vcpu0)            CPU1 (memslot)
        ------------            --------------
        kvm_make_all_cpus_request(FREE_OBSOLETE_ROOTS)
                                kvm_mmu_notifier_invalidate_range_start()
                                  __kvm_handle_hva_range()
                                    kvm_mmu_page_unlink_children_of_a_page()  (A)
            kvm_mmu_notifier_invalidate_range_start()                       (B)
          <--- BUG: p
      "
    `))
  it('in three lanes', () =>
    expect(drawn(3)).toMatchInlineSnapshot(`
      "
        CPU0 (vcpu0)    CPU1 (memslot)  CPU2 (notifier0)
        ------------    --------------  ----------------
        kvm_make_all_cpus_request(FREE_OBSOLETE_ROOTS)
                                        kvm_mmu_notifier_invalidate_range_start()
                                          __kvm_handle_hva_range()
                                   kvm_mmu_page_unlink_children_of_a_page() (A)
            kvm_mmu_notifier_invalidate_range_start()                       (B)
          <--- BUG: p
      "
    `))
  it('in four lanes', () =>
    expect(drawn(4)).toMatchInlineSnapshot(`
    "
      CPU0 (vcpu0), CPU1 (memslot), CPU2 (notifier0), CPU3 (vcpu1)
      ---------------------------------------------------------------------
      0.1   kvm_make_all_cpus_request(FREE_OBSOLETE_ROOTS)
      3.1               kvm_mmu_notifier_invalidate_range_start()
      3.1                 __kvm_handle_hva_range()
      3.1                   kvm_mmu_page_unlink_children_of_a_page()      (A)
      0.1       kvm_mmu_notifier_invalidate_range_start()                 (B)
                  <--- BUG: p
    "
  `))

  it('in any lane, at any depth, and no line is too long', () => {
    const rows = fc.array(
      fc.record({
        lane: fc.nat(3),
        level: fc.nat(12),
        name: fc.stringMatching(/^[a-z_]{1,55}$/),
        label: fc.option(fc.constantFrom('A', 'B')),
      }),
      { minLength: 1, maxLength: 8 },
    )
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 4 }), (list, count) => {
        const names = list.map(({ name }) => `${name}()`)
        const placed = list.map(({ lane, level, label }, i) =>
          row(lane % count, level, `on return: ${names[i]}`, label ?? undefined),
        )
        const lines = drawCanvas(placed, lanes(count), { text: 'BUG: p' })
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(WIDTH)
        const words = new Set(lines.flatMap((line) => line.split(/\s+/)))
        for (const name of names) expect(words).toContain(name)
      }),
    )
  })
})

it('lanes are spaced as the texts allow', () => {
  const header = (text: string): number =>
    drawCanvas([row(0, 0, 'f()'), row(1, 0, text)], lanes(2), { text: 'BUG: p' })[0].indexOf('CPU1')
  expect(header('g()')).toBe(38)
  expect(header('kvm_make_all_cpus_request(TLB_FLUSH)')).toBe(38)
  expect(header('kvm_make_all_cpus_request(FREE_OBSOLETE_ROOTS)')).toBe(26)
})
