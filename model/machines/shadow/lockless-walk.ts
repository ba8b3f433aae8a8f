import { type Block, block, step, when } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import { drain, store_mode, where_stored } from '../../memory/primitives/store-buffer.ts'
import { current_root_name } from '../../memory/roots/mmu.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { LOCKLESS_WALK } from '../hand-over.ts'
import { smpMb } from '../primitives/memory-barrier.ts'

const since: ReadIn = 'v3.5..v7.2'
const begin = { fn: 'walk_shadow_page_lockless_begin', since }
const walk = { fn: 'shadow_page_table_clear_flood', since }

/**
 * LW: a walk of the shadow pages without a lock, to clear the write-flooding counts on the way to a tracked frame.
 * Instead of taking a lock the vCPU sets vcpu->mode, so that a thread that frees shadow pages sends it an IPI and
 * waits; IRQs are disabled until the walk ends.
 */
export function locklessWalk(bounds: Bounds, next: string): Block<Kvm> {
  const level = (kvm: Kvm, v: number): number => bounds.shadow.levels + 1 - kvm.vcpu[v].fault.level
  const entry = (kvm: Kvm, v: number): Spte => {
    const page = kvm.vcpu[v].fault.sp as number
    return kvm.page[page].spte[index_at(kvm.vcpu[v].gva, level(kvm, v), bounds.guest.entries)]
  }
  const use = (kvm: Kvm, v: number): void => {
    const page = kvm.vcpu[v].fault.sp as number
    if (kvm.page[page].list === 'free')
      throw new Oops('no-use-after-free', `vcpu${v} reads shadow page ${page} after it was freed`)
    if (bounds.writeTracking.flooding) kvm.page[page].write_flooding_count = 0
  }
  return block(
    LOCKLESS_WALK,
    [
      step(
        'LW.2',
        {
          ...begin,
          c: 'smp_store_mb(vcpu->mode',
          shows: (kvm, v) => `mode = READING_SHADOW_PAGE_TABLES${where_stored(kvm, v)}`,
          fused: 'IRQs are disabled just before; no IPI is sent to a vCPU in OUTSIDE_GUEST_MODE.',
        },
        {
          does: (kvm, v) => {
            store_mode(kvm, v, 'READING_SHADOW_PAGE_TABLES')
          },
        },
      ),
      ...when(bounds.memoryOrder.barriers, smpMb('LW.2 mb', { ...begin, c: 'smp_store_mb(' })),
      step(
        'LW.3 root',
        {
          ...walk,
          c: 'for_each_shadow_entry_lockless(',
          shows: (kvm, v) => `start at ${current_root_name(kvm, kvm.vcpu[v].root)}`,
        },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].fault.sp = kvm.vcpu[v].root
          },
        },
      ),
      step(
        'LW.3',
        {
          ...walk,
          c: 'clear_sp_write_flooding_count(',
          shows: (kvm, v) =>
            `page ${kvm.vcpu[v].fault.sp}: ${entry(kvm, v).kind} ${entry(kvm, v).child ?? ''}`,
        },
        [
          {
            when: (kvm, v) => entry(kvm, v).kind === 'non-leaf',
            does: (kvm, v) => {
              use(kvm, v)
              kvm.vcpu[v].fault.sp = entry(kvm, v).child
              kvm.vcpu[v].fault.level++
            },
            to: 'LW.3',
          },
          { does: use },
        ],
      ),
      step(
        'LW.n',
        {
          fn: 'walk_shadow_page_lockless_end',
          since,
          c: 'OUTSIDE_GUEST_MODE',
          shows: 'vcpu->mode = OUTSIDE_GUEST_MODE',
          fused:
            'IRQs are enabled just after: a sender that finds OUTSIDE_GUEST_MODE sends no IPI; an IPI from before is taken here.',
        },
        {
          does: (kvm, v) => {
            drain(kvm, v)
            const vcpu = kvm.vcpu[v]
            vcpu.mode = 'OUTSIDE_GUEST_MODE'
            vcpu.ipi = false
            vcpu.fault.sp = null
            vcpu.fault.level = 1
          },
          to: next,
        },
      ),
    ],
    { fn: walk.fn },
  )
}
