import { describe, expect, it } from 'vitest'
import { unprotectDesigns } from '../../model/designs/shadow/unprotect.ts'
import type { Patch } from '../../model/language/patch.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { unprotectScenarios } from '../../model/scenarios/shadow/unprotect.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { exploreGraph } from '../search/liveness/explore.ts'
import { VectorStore } from '../state/vector-store.ts'

/**
 * Question seed-000 as an equivalence (docs/kvm/history.md, H0 to H2): whether mmu_lock is held while
 * indirect_shadow_pages is read makes no difference to pages, rmaps, counters, roots and TLBs while mmu_lock is free.
 *
 * It does affect when the vCPU continues: without the lock it can resume while another thread holds the lock, pass
 * kvm_check_request(), and get a request right after. So modes and requests are left out, and so are local variables
 * of threads and history variables.
 */
const LEFT_OUT =
  /^at\.|^world\.(mmu_lock|zapper)|\.(fault|req|mode|requests|stopped_by|shadowed_again|last_retry)\b/

/** The reachable states of the MMU while mmu_lock is free, for patches in a scenario. */
function mmuStates(scenario: string, patches: readonly Patch<Kvm>[]): Set<string> {
  const built = unprotectScenarios.find((s) => s.id === scenario)?.build({ patches })
  if (built === undefined) throw new Error(`no scenario ${scenario}`)
  const { store, stopped } = exploreGraph(new CompiledSystem(built))
  expect(stopped).toBeNull()
  const { layout } = built
  const kept = layout.fields.filter((field) => !LEFT_OUT.test(field.path)).map((field) => field.index)
  const encoded = new Uint16Array(layout.fields.length)
  const found = new Set<string>()
  const lock = layout.fields.findIndex((field) => field.path === 'world.mmu_lock')
  for (let id = 0; id < store.count; id++) {
    layout.unpack(
      store.chunks[id >>> VectorStore.chunkBits],
      (id & VectorStore.chunkMask) * store.words,
      encoded,
    )
    if (encoded[lock] === 0) found.add(String.fromCharCode(...kept.map((index) => encoded[index])))
  }
  return found
}

const patchesOf = (alias: string): readonly Patch<Kvm>[] =>
  unprotectDesigns.find((design) => design.aliases.includes(alias))?.patches ?? []

describe('reading indirect_shadow_pages with and without mmu_lock', () => {
  const locked = mmuStates('unprotect-retry', patchesOf('H0'))

  it.each(['H1', 'H2'])('leaves the same states of the MMU in %s as in H0', (alias) => {
    const lockFree = mmuStates('unprotect-retry', patchesOf(alias))
    expect(lockFree.size).toBe(locked.size)
    expect([...lockFree].every((state) => locked.has(state))).toBe(true)
  })

  it('leaves fewer when the hint always says no', () => {
    const never = unprotectDesigns.find((d) => d.id === 'unprotect-hint-always-no-retried-for-ever')
    const states = mmuStates('unprotect-retry', never?.patches ?? [])
    expect(states.size).toBeLessThan(locked.size)
  })
})
