import { describe, expect, it } from 'vitest'
import { CallRules } from './call-rules.ts'
import { censusOf } from './census.ts'
import type { TraceEvent } from './line.ts'
import { readLog } from './log-reader.ts'
import { logText } from './testing/logs.ts'

const EVENTS = readLog(logText('s12_rootzap'))

/** The first rule that events break; null if they break none. */
function brokenBy(events: readonly TraceEvent[]): string | null {
  const rules = new CallRules(censusOf(events))
  for (const event of events) {
    const broken = rules.check(event)
    if (broken !== null) return broken
  }
  return rules.end()
}

const numbers = (name: TraceEvent['name'], is: (event: never) => boolean = () => true): number[] =>
  EVENTS.flatMap((event, n) => (event.name === name && is(event as never) ? [n] : []))

const without = (n: number): TraceEvent[] => EVENTS.filter((_, other) => other !== n)
const changed = (n: number, change: object): TraceEvent[] =>
  EVENTS.map((event, other) => (other === n ? ({ ...event, ...change } as TraceEvent) : event))

describe('the rules of calls', () => {
  it.each(['s01_touch', 's03_ptesync', 's12_rootzap', 's15_nested-npt1', 's16_roles', 's19_nxhuge'])(
    'hold in %s',
    (name) => {
      expect(brokenBy(readLog(logText(name)))).toBeNull()
    },
  )

  it.each([
    ['kvm_entry', 0, 'the guest is left after it was entered'],
    ['vcpu_run', 3, 'the guest is entered by svm_vcpu_run()'],
    ['spte_clear', 0, 'drop_spte() clears the SPTE'],
    ['spte_update_nt', 2, 'mmu_spte_update() writes the SPTE'],
    ['pte_list_add', 4, '__rmap_add() adds the SPTE to a list'],
    ['zap_pte', 0, 'the children of a zapped page are unlinked by mmu_page_zap_pte()'],
    ['free_root_page', 0, 'kvm_mmu_free_roots() frees all roots in its mask'],
    ['free_roots', -1, 'kvm_mmu_unload() frees the roots of both MMUs'],
  ] as const)('are broken without event %s number %d', (name, nth, why) => {
    expect(brokenBy(without(numbers(name).at(nth) as number))).toBe(why)
  })

  it('are broken by a root that is not the next of the mask, and by another mask', () => {
    const [n] = numbers('free_root_page', ({ root }: { root: number | null }) => root !== null)
    expect(brokenBy(changed(n, { root: 0x1000 }))).toBe(
      'kvm_mmu_free_roots() frees the roots in its mask, in order',
    )
    const [all] = numbers('free_roots', ({ mask }: { mask: number }) => mask === 0xf)
    expect(brokenBy(changed(all, { mask: 0xe }))).toMatch(/is given all or the current|frees all roots/)
  })

  it('say nothing of a probe that is missing in the whole log', () => {
    expect(brokenBy(EVENTS.filter(({ name }) => name !== 'spte_update_nt' && name !== 'zap_pte'))).toBeNull()
  })
})
