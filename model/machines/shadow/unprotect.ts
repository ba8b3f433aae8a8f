import { type Block, block, type Entry, type Step, step } from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { note_missed_page, note_repaired } from '../../memory/shadow/hint-debt.ts'
import { valid_pages_of } from '../../memory/shadow/shadow-page.ts'
import { act_on_hint } from '../../memory/shadow/write-tracking.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { commitZapPage, prepareZapPage } from '../zap/zap-page.ts'
import type { Zapping } from '../zap/zapping.ts'

const fn = '__kvm_mmu_unprotect_gfn_and_retry'
const about = { fn, since: 'v6.1..v7.2' } as const
/** What 6.1 has otherwise. */
const recent = { fn, since: 'v6.12..v7.2' } as const

const zapping: Zapping = { sp: (kvm, v) => kvm.vcpu[v].fault.sp as number, list: 'invalid_list of vcpu' }

/** The next page to zap to unprotect the frame, or null. */
const first_valid_page = (kvm: Kvm, v: number): number | null =>
  valid_pages_of(kvm, target_gfn(kvm, v))[0] ?? null

/** Records (history) whether taking mmu_lock, as the hint suggested, was justified: at the first look for pages. */
function note_hint_used(kvm: Kvm, v: number): void {
  const { hint, sp } = kvm.vcpu[v].fault
  if (hint && sp === null) act_on_hint(kvm, true)
}

/** `!list_empty(&invalid_list)`: a page was zapped that is not a root in use. */
function to_be_freed(kvm: Kvm): boolean {
  for (let page = 0; page < kvm.page.length; page++) if (kvm.page[page].list === zapping.list) return true
  return false
}

/**
 * UP.1: reads `indirect_shadow_pages` without mmu_lock, as a hint whether there is anything to unprotect. Designs
 * replace `hint`.
 */
export function readHint(hint: (kvm: Kvm) => boolean = (kvm) => kvm.indirect_shadow_pages > 0): Step<Kvm> {
  return step(
    'UP.1',
    {
      ...recent,
      c: 'READ_ONCE(kvm->arch.indirect_shadow_pages)',
      shows: (kvm) => `indirect_shadow_pages = ${kvm.indirect_shadow_pages}`,
    },
    [
      {
        when: hint,
        does: (kvm, v) => {
          kvm.vcpu[v].fault.hint = true
        },
      },
      {
        does: (kvm, v) => {
          act_on_hint(kvm, false)
          note_missed_page(kvm, v)
        },
        to: 'UP.4',
      },
    ],
  )
}

/**
 * `__kvm_mmu_unprotect_gfn_and_retry()`: zaps every shadow page of the frame, so that the write can be retried, and
 * records the instruction, so that it is retried only once. A root in use is on no list of zapped pages, so zapping
 * it alone counts as nothing zapped (v6.12; before, any page that was found counted). With `always` it is recorded even
 * if there was nothing to zap, because it cannot be emulated instead.
 */
export function unprotect(bounds: Bounds, always: boolean): Block<Kvm> {
  return block('UP', [readHint(), ...zapPagesOfFrame(bounds), rememberRetry(always)], { fn })
}

/** UP.3: all shadow pages of the frame are zapped under mmu_lock. */
export function zapPagesOfFrame(bounds: Bounds, counts: Counted = 'freed'): Entry<Kvm>[] {
  return [
    writeLock('UP.3 lock', 'vcpu', about),
    nextPage(counts),
    block('UP.zap', [
      ...prepareZapPage(zapping, bounds, {
        req: (kvm, v) => kvm.vcpu[v].req,
        thread: (kvm, v) => kvm.vcpu[v],
      }),
      step(
        'UP.zap next',
        { ...about, c: 'kvm_mmu_prepare_zap_page(', shows: 'next page of the frame' },
        { to: 'UP.3' },
      ),
    ]),
    commitZapPage('UP.3 commit', zapping.list, bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    writeUnlock('UP.3 unlock', about),
  ]
}

/** What makes a frame count as unprotected. */
type Counted = 'freed' | 'found'

/**
 * UP.3: the next page to zap; after the last, whether the frame counts as unprotected: if a page was `freed`, or
 * (..v6.11) if one was `found`, which may be a root in use.
 */
export function nextPage(counts: Counted = 'freed'): Step<Kvm> {
  return step(
    'UP.3',
    {
      ...about,
      c: 'for_each_gfn_valid_sp_with_gptes(',
      shows: (kvm, v) =>
        `for_each_gfn_valid_sp_with_gptes(gfn ${target_gfn(kvm, v)}): ${first_valid_page(kvm, v) ?? 'none'}`,
    },
    [
      {
        when: (kvm, v) => first_valid_page(kvm, v) !== null,
        does: (kvm, v) => {
          note_hint_used(kvm, v)
          kvm.vcpu[v].fault.sp = first_valid_page(kvm, v)
        },
        to: 'UP.zap',
      },
      {
        does: (kvm, v) => {
          note_hint_used(kvm, v)
          note_repaired(kvm, v)
          const { fault } = kvm.vcpu[v]
          fault.zapped = counts === 'found' ? fault.sp !== null : to_be_freed(kvm)
          fault.sp = null
          kvm.vcpu[v].zapped_root = false
        },
        to: 'UP.3 commit',
      },
    ],
  )
}

/** UP.4: records the instruction that is retried (last_retry_eip, last_retry_addr). */
function rememberRetry(always: boolean): Entry<Kvm> {
  const retried = (kvm: Kvm, v: number): boolean => always || kvm.vcpu[v].fault.zapped
  return step(
    'UP.4',
    {
      ...recent,
      c: 'vcpu->arch.last_retry_eip =',
      shows: (kvm, v) =>
        retried(kvm, v) ? `last_retry_addr = gva ${kvm.vcpu[v].gva}` : 'nothing was zapped',
    },
    {
      does: (kvm, v) => {
        if (retried(kvm, v)) kvm.vcpu[v].last_retry = kvm.vcpu[v].gva + 1
      },
    },
  )
}
