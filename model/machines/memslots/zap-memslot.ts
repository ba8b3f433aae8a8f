import type { Anchor } from '../../language/anchor.ts'
import { type About, type Block, block, type Entry, inFunction, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { kvm_zap_rmap } from '../../memory/shadow/rmap.ts'
import { valid_pages_of } from '../../memory/shadow/shadow-page.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { whileUnlocked } from '../primitives/rmap-lock.ts'
import { zapping } from '../zap/zap-all-fast.ts'
import { commitZapPage, prepareZapPage } from '../zap/zap-page.ts'

const since: ReadIn = 'v6.12..v7.2'
const leaves = { fn: '__walk_slot_rmaps', since }
const pages = { fn: 'kvm_mmu_zap_memslot_pages_and_flush', since }
const SLOT = 0

/**
 * `kvm_mmu_zap_memslot()`, with mmu_lock held: first the leaf SPTEs of the slot's frames, by their rmaps, then the
 * shadow pages of guest tables in the slot. The lock may be dropped after every frame, after a flush.
 */
export function zapMemslot(bounds: Bounds): Entry<Kvm>[] {
  const fn = 'kvm_mmu_zap_memslot'
  return inFunction(
    fn,
    ...inFunction(leaves.fn, ...zapLeaves(bounds)),
    ...inFunction(pages.fn, ...zapPagesOfSlot(bounds)),
    writeUnlock('ZS.end', { fn, since }),
  )
}

/** The frames of the slot, in order. */
const framesOf = (bounds: Bounds): number[] =>
  bounds.memslots.of.flatMap((slot, gfn) => (slot === SLOT ? [gfn] : []))

/** ZS.2: the rmaps of the slot. */
function zapLeaves(bounds: Bounds): Entry<Kvm>[] {
  const frames = framesOf(bounds)
  const last = frames[frames.length - 1]
  return [
    step(
      'ZS.1',
      { ...leaves, c: 'for_each_slot_rmap_range(', shows: `from gfn ${frames[0]} to gfn ${last}` },
      { does: toFrame(frames[0]) },
    ),
    step(
      'ZS.2',
      {
        fn: 'kvm_zap_rmap',
        since,
        c: 'kvm_zap_all_rmap_sptes(',
        shows: (kvm) => `zap the SPTEs of gfn ${kvm.memslot[0].gfn}`,
        fused: 'All SPTEs of one frame at once: each only goes away, and the flush comes after the last.',
      },
      {
        ...whileUnlocked((kvm) => kvm.memslot[0].gfn as number),
        does: (kvm) => {
          if (kvm_zap_rmap(kvm, kvm.memslot[0].gfn as number)) kvm.memslot[0].flush = true
        },
      },
    ),
    step('ZS.2 next', { ...leaves, c: 'can_yield', shows: 'next frame' }, [
      { when: (kvm) => kvm.memslot[0].gfn === last, does: toFrame(frames[0]), to: 'ZS.3' },
      { does: (kvm) => toFrame(frames[frames.indexOf(kvm.memslot[0].gfn as number) + 1])(kvm) },
    ]),
    ...when(
      bounds.zap.lockBreak,
      ...lockBreak('ZS.2 yield', leaves, [flushIfNeeded('flush', bounds, leaves, 'flush && flush_on_yield')]),
    ),
    step('ZS.2 again', { ...leaves, c: { none: 'model' }, shows: 'continue' }, { to: 'ZS.2' }),
  ]
}

const toFrame =
  (gfn: number) =>
  (kvm: Kvm): void => {
    kvm.memslot[0].gfn = gfn
  }

/** `cond_resched_rwlock_write()`, after the entries `before`. */
function lockBreak(name: string, about: About<Kvm>, before: Entry<Kvm>[]): Entry<Kvm>[] {
  return [
    block(name, [
      ...before,
      writeUnlock('unlock', {
        ...about,
        c: 'cond_resched_rwlock_write(',
        shows: 'cond_resched_rwlock_write()',
      }),
      writeLock('relock', 'memslot', { ...about, c: 'cond_resched_rwlock_write(' }),
    ]),
  ]
}

/** A remote flush, if one is needed. */
function flushIfNeeded(name: string, bounds: Bounds, about: About<Kvm>, c: Anchor): Block<Kvm> {
  return block(name, [
    step('test', { ...about, c, shows: (kvm) => `flush needed = ${kvm.memslot[0].flush}` }, [
      { when: (kvm) => !kvm.memslot[0].flush, to: 'end' },
      {
        does: (kvm) => {
          kvm.memslot[0].flush = false
        },
      },
    ]),
    makeAllCpusRequest('kvm_flush_remote_tlbs', 'TLB_FLUSH', bounds.vcpus, (kvm) => kvm.memslot[0].req),
    step('end', { ...about, c: { none: 'model' }, shows: 'flushed' }),
  ])
}

/** ZS.3: every page that shadows a frame of the slot: unaccounting it uses the slot's arrays. */
function zapPagesOfSlot(bounds: Bounds): Entry<Kvm>[] {
  const frames = framesOf(bounds)
  const last = frames[frames.length - 1]
  const found = (kvm: Kvm): number | undefined => valid_pages_of(kvm, kvm.memslot[0].gfn as number)[0]
  return [
    step(
      'ZS.3',
      {
        ...pages,
        c: 'for_each_gfn_valid_sp_with_gptes(',
        shows: (kvm) => `gfn ${kvm.memslot[0].gfn}: page ${found(kvm) ?? 'none'}`,
      },
      [
        { when: (kvm) => found(kvm) === undefined, to: 'ZS.4 next' },
        {
          does: (kvm) => {
            kvm.memslot[0].sp = found(kvm) as number
          },
        },
      ],
    ),
    block('ZS.3 zap', [
      ...prepareZapPage(zapping, bounds, {
        req: (kvm) => kvm.memslot[0].req,
        thread: (kvm) => kvm.memslot[0],
      }),
      step(
        'ZS.3 again',
        { ...pages, c: 'kvm_mmu_prepare_zap_page(', shows: 'next page of the frame' },
        {
          does: (kvm) => {
            kvm.memslot[0].sp = null
            kvm.memslot[0].zapped_root = false
          },
          to: 'ZS.3',
        },
      ),
    ]),
    step('ZS.4 next', { ...pages, c: 'need_resched(', shows: 'next frame' }, [
      {
        when: (kvm) => kvm.memslot[0].gfn === last,
        does: (kvm) => {
          kvm.memslot[0].gfn = null
        },
        to: 'ZS.5',
      },
      { does: (kvm) => toFrame(frames[frames.indexOf(kvm.memslot[0].gfn as number) + 1])(kvm) },
    ]),
    ...when(
      bounds.zap.lockBreak,
      ...lockBreak('ZS.4 yield', pages, [remoteFlushOrZap('flush or zap', bounds)]),
    ),
    step('ZS.4 again', { ...pages, c: { none: 'model' }, shows: 'continue' }, { to: 'ZS.3' }),
    remoteFlushOrZap('ZS.5', bounds),
  ]
}

/**
 * `kvm_mmu_remote_flush_or_zap()`: frees what was zapped since the last one, whose flush covers the leaf SPTEs, too;
 * flushes if there is nothing to free.
 */
function remoteFlushOrZap(name: string, bounds: Bounds): Block<Kvm> {
  const fn = 'kvm_mmu_remote_flush_or_zap'
  const nothing = (kvm: Kvm): boolean => all_pages(kvm).every((page) => kvm.page[page].list !== zapping.list)
  return block(
    name,
    [
      step(
        'list',
        {
          fn,
          since,
          c: 'list_empty(invalid_list)',
          shows: (kvm) => `list_empty(invalid_list) = ${nothing(kvm)}`,
          quiet: true,
        },
        [
          { when: nothing },
          {
            does: (kvm) => {
              kvm.memslot[0].flush = false
            },
          },
        ],
      ),
      commitZapPage('commit', zapping.list, bounds.vcpus, (kvm) => kvm.memslot[0].req),
      flushIfNeeded('flush', bounds, { fn, since }, 'kvm_flush_remote_tlbs('),
    ],
    { fn },
  )
}

const all_pages = (kvm: Kvm): number[] => Array.from({ length: kvm.page.length }, (_, page) => page)
