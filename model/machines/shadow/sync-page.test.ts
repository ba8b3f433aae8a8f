import { describe, expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { emptyKvm } from '../testing/take-step.ts'
import { sync_page } from './sync-page.ts'

const bounds = allBounds({
  guest: { gfns: 4, tables: 1, entries: 1 },
  shadow: { pages: 1 },
  memslots: { slots: 1, of: [0, 0, null, null], creates: 1 },
})
const [NO_SLOT, OTHER] = [2, 3]

/** A page of the guest's table, whose SPTE says that a frame has no memslot. */
function mmioSpte(pte: number | null): { kvm: Kvm; entry: Kvm['page'][number]['spte'][number] } {
  const kvm = emptyKvm(bounds)
  kvm.page[0].list = 'active'
  kvm.page[0].gfn = 0
  kvm.page[0].level = 1
  kvm.guest_table[0][0].to = pte
  const entry = kvm.page[0].spte[0]
  entry.kind = 'mmio'
  entry.gfn = NO_SLOT
  kvm.memslots.generation = 1
  return { kvm, entry }
}

// s14 of 6.12.117 with npt=0: mmu_invlpg, drop_spte old=0x80000100000a3, flush_remote_range (times 150781 to 150787).
describe('a sync of an MMIO SPTE', () => {
  it('drops it where the guest maps nothing, and flushes', () => {
    const { kvm, entry } = mmioSpte(null)
    expect(sync_page(kvm, 0, 'look')).toBe(true)
    expect(entry.kind).toBe('mmio')
    expect(sync_page(kvm, 0, 'do')).toBe(true)
    expect(entry.kind).toBe('none')
  })

  it('clears it where the guest maps another frame', () => {
    const { kvm, entry } = mmioSpte(OTHER)
    expect(sync_page(kvm, 0, 'do')).toBe(false)
    expect([entry.kind, entry.gfn]).toEqual(['none', null])
  })

  it('makes it anew where the guest maps the same frame, whatever memslots there are', () => {
    const { kvm, entry } = mmioSpte(NO_SLOT)
    expect(sync_page(kvm, 0, 'do')).toBe(false)
    expect([entry.kind, entry.gfn, entry.gen]).toEqual(['mmio', NO_SLOT, 1])
  })
})
