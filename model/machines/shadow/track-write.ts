import { type Block, block, inFunction, outOfOrder, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { is_logged, note_store } from '../../memory/dirty-log/dirty-log.ts'
import { forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { store_gpte, where_stored } from '../../memory/primitives/store-buffer.ts'
import { FLOODING } from '../../memory/shadow/fields.ts'
import { mmu_page_zap_pte } from '../../memory/shadow/rmap.ts'
import { valid_pages_of } from '../../memory/shadow/shadow-page.ts'
import { act_on_hint } from '../../memory/shadow/write-tracking.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import type { GuestPteWrite } from '../../memory/vcpu/options.ts'
import { REENTER, TRACK_WRITE } from '../hand-over.ts'
import { release_mmu_lock, writeLock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { smpMb } from '../primitives/memory-barrier.ts'
import { commitZapPage, prepareZapPage } from '../zap/zap-page.ts'
import type { Zapping } from '../zap/zapping.ts'

const since: ReadIn = 'v6.1..v7.2'
const about = { fn: 'kvm_mmu_track_write', since }

/**
 * TRACK: a guest store to a write-protected frame is emulated. Then the changed SPTEs of the shadow pages of that
 * table are zapped, unless `indirect_shadow_pages` is 0: no table is shadowed at all.
 */
export function trackWrite(bounds: Bounds): Block<Kvm> {
  // Any other store changes bytes that belong to no modelled PTE.
  const pteWrite = (kvm: Kvm, v: number): GuestPteWrite | undefined =>
    bounds.guest.edits[kvm.vcpu[v].pte_write - 1]
  const emulate = { fn: 'x86_emulate_instruction', since }
  const write = { fn: 'emulator_write_guest', since }
  return block(
    TRACK_WRITE,
    [
      ...inFunction(
        write.fn,
        step<Kvm>(
          'TR.1',
          {
            ...write,
            c: {
              'v6.1': { fn: 'emulator_write_phys', at: 'kvm_vcpu_write_guest(' },
              'v7.2': 'kvm_vcpu_write_guest(',
            },
            shows: (kvm, v) => {
              const store = pteWrite(kvm, v)
              if (store === undefined) return `store to gfn ${target_gfn(kvm, v)}`
              const { index, to } = store
              return `guest table ${target_gfn(kvm, v)}[${index}] = ${to === null ? 'not present' : `gfn ${to}`}${where_stored(kvm, v)}`
            },
          },
          {
            does: (kvm, v) => {
              const store = pteWrite(kvm, v)
              if (bounds.dirtyLog.of.length > 0)
                note_store(kvm, kvm.host_pte[target_gfn(kvm, v)] as number, bounds)
              if (store === undefined) return
              store_gpte(kvm, v, target_gfn(kvm, v), store)
              kvm.vcpu[v].storing = true
            },
          },
        ),
        ...when(bounds.dirtyLog.of.length > 0, markDirty(bounds)),
        ...inFunction(
          about.fn,
          ...when(bounds.memoryOrder.barriers, smpMb('TR.2', { ...about, since: 'v6.9..v7.2' })),
          step<Kvm>(
            'TR.3',
            {
              ...about,
              c: 'vcpu->kvm->arch.indirect_shadow_pages',
              shows: (kvm) => `indirect_shadow_pages = ${kvm.indirect_shadow_pages}`,
            },
            [
              {
                when: (kvm) => kvm.indirect_shadow_pages === 0,
                does: (kvm) => act_on_hint(kvm, false),
                to: 'TR.end',
              },
              {},
            ],
          ),
          writeLock('TR.4', 'vcpu', about),
          step<Kvm>(
            'TR.6',
            {
              ...about,
              c: 'mmu_page_zap_pte(',
              shows: (kvm, v) =>
                `zap spte[${pteWrite(kvm, v)?.index}] of page ${valid_pages_of(kvm, target_gfn(kvm, v)).join(', ')}`,
              fused:
                'All pages that shadow the table at once: each SPTE only goes away, and the flush comes after the last.',
            },
            {
              does: (kvm, v) => {
                act_on_hint(kvm, true)
                const store = pteWrite(kvm, v)
                if (store === undefined) return
                for (const page of valid_pages_of(kvm, target_gfn(kvm, v))) {
                  if (bounds.writeTracking.flooding && detect_write_flooding(kvm, page)) continue
                  if (mmu_page_zap_pte(kvm, { page, index: store.index })) kvm.vcpu[v].fault.flush = true
                }
              },
            },
          ),
          ...when(
            bounds.writeTracking.flooding,
            ...outOfOrder(
              'because the model zaps flooded pages after the SPTEs of the others',
              zapFlooded(bounds),
            ),
          ),
          step<Kvm>(
            'TR.7',
            {
              ...about,
              c: 'kvm_mmu_remote_flush_or_zap(',
              shows: (kvm, v) => `flush needed = ${kvm.vcpu[v].fault.flush}`,
            },
            [
              { when: (kvm, v) => !kvm.vcpu[v].fault.flush, to: 'TR.8' },
              {
                does: (kvm, v) => {
                  kvm.vcpu[v].fault.flush = false
                },
              },
            ],
          ),
          makeAllCpusRequest('TR.7 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
          step<Kvm>(
            'TR.8',
            { ...about, c: 'write_unlock(', shows: 'write_unlock(&kvm->mmu_lock)' },
            {
              does: (kvm) => {
                release_mmu_lock(kvm)
              },
            },
          ),
        ),
      ),
      step(
        'TR.end',
        { ...emulate, c: 'if (writeback)', shows: 'the store is done' },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].storing = false
            forget_fault(kvm, v)
            finish_instruction(kvm, v)
          },
          to: REENTER,
        },
      ),
    ],
    { fn: emulate.fn },
  )
}

const zapping: Zapping = { sp: (kvm, v) => kvm.vcpu[v].fault.sp as number, list: 'invalid_list of vcpu' }

/** The next page of the table that is zapped for write flooding, or null. */
const flooded = (kvm: Kvm, v: number): number | null =>
  valid_pages_of(kvm, target_gfn(kvm, v)).find((page) => kvm.page[page].write_flooding_count === FLOODING) ??
  null

/** Counts a store to the table of a page. Not at level 1, where pages become unsync instead. */
function detect_write_flooding(kvm: Kvm, page: number): boolean {
  const sp = kvm.page[page]
  if (sp.level === 1) return false
  if (sp.write_flooding_count < FLOODING) sp.write_flooding_count++
  return sp.write_flooding_count === FLOODING
}

/**
 * A table that is written repeatedly without being walked is presumed not to be a page table any more: its shadow
 * pages are zapped, so that later stores need not be emulated.
 */
function zapFlooded(bounds: Bounds): Block<Kvm> {
  return block('TR.6 flood', [
    step(
      'TR.6 next',
      {
        ...about,
        c: 'detect_write_flooding(',
        shows: (kvm, v) => `detect_write_flooding(): ${flooded(kvm, v) ?? 'none'}`,
      },
      [
        {
          when: (kvm, v) => flooded(kvm, v) !== null,
          does: (kvm, v) => {
            kvm.vcpu[v].fault.sp = flooded(kvm, v)
          },
        },
        { when: (kvm, v) => kvm.vcpu[v].fault.sp === null, to: 'TR.7' },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].fault.sp = null
            kvm.vcpu[v].fault.flush = false
            kvm.vcpu[v].zapped_root = false
          },
          to: 'TR.6 commit',
        },
      ],
    ),
    ...prepareZapPage(zapping, bounds, {
      req: (kvm, v) => kvm.vcpu[v].req,
      thread: (kvm, v) => kvm.vcpu[v],
    }),
    step('TR.6 zapped', { ...about, c: 'continue', shows: 'next page of the table' }, { to: 'TR.6 next' }),
    commitZapPage('TR.6 commit', zapping.list, bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
  ])
}

/** Sets the frame's dirty bit, after the store: if a pass comes in between, the next one reports the page. */
function markDirty(bounds: Bounds): Step<Kvm> {
  return step(
    'TR.1 mark',
    {
      fn: 'kvm_vcpu_write_guest',
      since,
      c: { callee: 'kvm_vcpu_write_guest_page', at: '__kvm_write_guest_page(' },
      shows: (kvm, v) => `mark_page_dirty_in_slot(gfn ${target_gfn(kvm, v)})`,
    },
    {
      does: (kvm, v) => {
        const gfn = target_gfn(kvm, v)
        if (is_logged(kvm, gfn, bounds)) kvm.dirty_bitmap.add(gfn)
      },
    },
  )
}
