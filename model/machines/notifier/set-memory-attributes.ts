import {
  choice,
  type Entry,
  inFunction,
  type Program,
  program,
  type Step,
  step,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { kvm_mem_is_private } from '../../memory/notifier/attributes.ts'
import { kvm_zap_rmap } from '../../memory/shadow/rmap.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { flushOnReturn } from './flush-on-return.ts'
import { invalidateEnd } from './notifier.ts'

const since: ReadIn = 'v6.8..v7.2'
const about = { fn: 'kvm_vm_set_mem_attributes', since }
const pre = { fn: 'kvm_pre_set_memory_attributes', since }
/** A statement of the function that walks the memslots of a range of frames. */
const inGfnRange = (at: string) => ({ callee: 'kvm_handle_gfn_range', at })

const gfn_of = (kvm: Kvm, n: number): number => kvm.attributes[n].gfn as number
const becomes = (kvm: Kvm, n: number): string =>
  kvm_mem_is_private(kvm, gfn_of(kvm, n)) ? 'shared' : 'private'

/**
 * KVM_SET_MEMORY_ATTRIBUTES makes a frame private or shared. Two sections of mmu_lock: the first begins an
 * invalidation and zaps what is mapped, the second ends it. The attribute is stored in between, without mmu_lock.
 */
export function setMemoryAttributes(bounds: Bounds): Program<Kvm> {
  return program<Kvm>('attributes', 'userspace makes frames private or shared', [
    choice('idle', bounds.attributes.of.map(begin), { validEnd: true }),
    ...inFunction(about.fn, ...preSet(bounds), store(), ...postSet()),
  ])
}

/** SA.1: nothing is done if the frame has the attribute, so it always gets the other one. */
function begin(gfn: number): Step<Kvm> {
  return step(
    `SA.1[${gfn}]`,
    {
      ...about,
      c: 'kvm_range_has_memory_attributes(',
      shows: (kvm) => `gfn ${gfn} is to become ${kvm_mem_is_private(kvm, gfn) ? 'shared' : 'private'}`,
    },
    {
      when: (kvm, n) => kvm.attributes[n].left > 0,
      does: (kvm, n) => {
        kvm.attributes[n].left--
        kvm.attributes[n].gfn = gfn
      },
    },
  )
}

/** SA.2 to SA.6: nothing maps the frame any more, and no TLB, before mmu_lock is dropped. */
function preSet(bounds: Bounds): Entry<Kvm>[] {
  return [
    writeLock('SA.2 lock', 'attributes', { ...about, c: inGfnRange('KVM_MMU_LOCK(') }),
    step<Kvm>(
      'SA.2',
      {
        fn: 'kvm_mmu_invalidate_begin',
        since,
        c: {
          'v6.1': 'kvm->mmu_invalidate_in_progress++',
          'v7.2': { fn: 'kvm_mmu_invalidate_start', at: 'kvm->mmu_invalidate_in_progress++' },
        },
        shows: 'in_progress++',
      },
      {
        does: (kvm) => {
          kvm.mmu_invalidate.in_progress++
        },
      },
    ),
    step<Kvm>(
      'SA.3',
      {
        ...pre,
        c: 'kvm_mmu_invalidate_range_add(',
        shows: (kvm, n) => `range += gfn ${gfn_of(kvm, n)}`,
      },
      { does: (kvm, n) => kvm.mmu_invalidate.range.add(gfn_of(kvm, n)) },
    ),
    step<Kvm>(
      'SA.4',
      {
        ...pre,
        c: { callee: 'kvm_arch_pre_set_memory_attributes', at: 'kvm_unmap_gfn_range(' },
        shows: (kvm, n) => `kvm_zap_rmap(gfn ${gfn_of(kvm, n)})`,
        fused: 'All SPTEs of one frame at once: each only goes away, and the flush comes after the last.',
      },
      {
        does: (kvm, n) => {
          if (kvm_zap_rmap(kvm, gfn_of(kvm, n))) kvm.attributes[n].flush = true
        },
      },
    ),
    flushOnReturn(
      'SA.5',
      { ...about, c: inGfnRange('range->flush_on_ret') },
      (kvm, n) => kvm.attributes[n],
      bounds.vcpus,
    ),
    writeUnlock('SA.6', { ...about, c: inGfnRange('KVM_MMU_UNLOCK(') }),
  ]
}

/** SA.7: from here on the frame has the other attribute. */
function store(): Step<Kvm> {
  return step(
    'SA.7',
    {
      ...about,
      c: 'xa_store(',
      shows: (kvm, n) => `mem_attr_array: gfn ${gfn_of(kvm, n)} becomes ${becomes(kvm, n)}`,
    },
    {
      does: (kvm, n) => {
        const gfn = gfn_of(kvm, n)
        if (kvm_mem_is_private(kvm, gfn)) kvm.mem_attr_array.delete(gfn)
        else kvm.mem_attr_array.add(gfn)
      },
    },
  )
}

/** SA.8, SA.9: kvm_arch_post_set_memory_attributes() only says which huge pages are possible: none here. */
function postSet(): Entry<Kvm>[] {
  return [
    writeLock('SA.8 lock', 'attributes', { ...about, c: inGfnRange('KVM_MMU_LOCK(') }),
    ...invalidateEnd('SA.8'),
    step(
      'SA.8 end',
      { ...about, c: { none: 'model' }, shows: (kvm, n) => `gfn ${gfn_of(kvm, n)} is done`, quiet: true },
      {
        does: (kvm, n) => {
          kvm.attributes[n].gfn = null
        },
      },
    ),
    writeUnlock('SA.9', { ...about, c: inGfnRange('KVM_MMU_UNLOCK(') }, 'idle'),
  ]
}
