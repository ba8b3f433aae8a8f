import type { Anchor } from '../../language/anchor.ts'
import {
  type Block,
  block,
  choice,
  type Entry,
  inFunction,
  type Program,
  program,
  type Step,
  step,
  when,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { gfn_to_hva } from '../../memory/memslots/memslot.ts'
import type { PfnCache, PfnCacheThread } from '../../memory/notifier/fields.ts'
import { free_host_page, take_free_host_page } from '../../memory/notifier/host.ts'

const since: ReadIn = 'v6.1..v7.2'
const user = { fn: 'kvm_xen_inject_pending_events', since } as const
const retry = { fn: 'hva_to_pfn_retry', since } as const
const activate = { fn: 'kvm_gpc_activate', since } as const
const deactivate = { fn: 'kvm_gpc_deactivate', since } as const

const refresh: Pick<typeof user, 'since'> & { readonly fn: string } = { fn: 'kvm_gpc_refresh', since }
/** A statement of the refresh, which had another name until v6.1. */
const inRefresh = (at: string): Anchor => ({
  'v6.1': { fn: 'kvm_gfn_to_pfn_cache_refresh', at },
  'v6.12': { callee: '__kvm_gpc_refresh', at },
})
/** A statement of the activation: part of it moved to a helper. */
const inActivate = (at: string): Anchor => ({ 'v6.1': at, 'v6.12': { callee: '__kvm_gpc_activate', at } })

/** Since v6.12 the mutex is released where the scope ends. */
const inRefreshEnd: Anchor = {
  'v6.1': { fn: 'kvm_gfn_to_pfn_cache_refresh', at: 'mutex_unlock(' },
  'v6.12': null,
}

const gpc_of = (kvm: Kvm): PfnCache => kvm.gpc[0]

/** NS.2: `gfn_to_pfn_cache_invalidate_start()`, after mn_active_invalidate_count went up. No lock of the MMU is held. */
export function invalidatePfnCache({ pfnCache: { gfn } }: Bounds): Step<Kvm> {
  const hit = (kvm: Kvm, n: number): boolean => {
    const invalidated = kvm.notifier[n].gfn as number
    return gpc_of(kvm).listed && gfn_to_hva(kvm, invalidated) === gfn_to_hva(kvm, gfn)
  }
  return step(
    'NS.2',
    {
      fn: 'gfn_to_pfn_cache_invalidate_start',
      since,
      c: 'gpc->valid = false',
      shows: (kvm, n) =>
        hit(kvm, n) && gpc_of(kvm).valid ? 'gpc->valid = false' : 'no valid cache on gpc_list for the page',
      fused:
        'The section of gpc->lock: it is tested once more that the cache is valid for the page, and nothing else is done in it.',
    },
    [
      { when: (kvm, n) => !hit(kvm, n) },
      {
        when: (kvm) => gpc_of(kvm).lock === 'free',
        does: (kvm) => {
          gpc_of(kvm).valid = false
        },
      },
    ],
  )
}

/** A vCPU that delivers an event of Xen: it accesses the page behind a pfn cache. */
export function pfnCacheUser(bounds: Bounds): Program<Kvm> {
  return program<Kvm>(
    'gpcuser',
    'KVM accesses a page of the guest through a pfn cache',
    [
      choice(
        'idle',
        [
          step(
            'GU.1',
            { ...user, c: 'read_lock_irqsave(', shows: 'read_lock(&gpc->lock)' },
            {
              when: (kvm) => gpc_of(kvm).gpcuser.left > 0 && gpc_of(kvm).lock === 'free',
              does: (kvm) => {
                gpc_of(kvm).gpcuser.left--
                gpc_of(kvm).lock = 'read'
              },
            },
          ),
        ],
        { validEnd: true },
      ),
      checkCache(),
      unlock('GU.3', 'read', { ...user, c: 'read_unlock_irqrestore(' }),
      ...inFunction(
        refresh.fn,
        lockRefresh('GU.4', 'gpcuser', {
          ...refresh,
          c: { 'v6.1': { fn: 'kvm_gfn_to_pfn_cache_refresh', at: 'mutex_lock(' }, 'v6.12': 'guard(mutex)(' },
        }),
        ...refreshLocked('gpcuser', 'GU', bounds),
        unlockRefresh('GU.13', { ...refresh, c: inRefreshEnd }, 'GU.15'),
        unlock('GU.14', 'write', { ...refresh, c: { none: 'model' } }),
        unlockRefresh('GU.14 mutex', { ...refresh, c: { none: 'model' } }, 'idle'),
      ),
      step<Kvm>(
        'GU.15',
        { ...user, c: 'read_lock_irqsave(', shows: 'read_lock(&gpc->lock)' },
        {
          when: (kvm) => gpc_of(kvm).lock === 'free',
          does: (kvm) => {
            gpc_of(kvm).lock = 'read'
          },
          to: 'GU.2',
        },
      ),
      step<Kvm>('GU.16', {
        ...user,
        c: 'gpc->khva',
        shows: (kvm) => `access the page through gpc->khva: pfn ${gpc_of(kvm).pfn}`,
      }),
      unlock('GU.17', 'read', { ...user, c: 'read_unlock_irqrestore(' }, 'idle'),
    ],
    { fn: user.fn },
  )
}

/** GU.2: `kvm_gpc_check()`. @param tests_active false in a design. */
export function checkCache(tests_active = true): Step<Kvm> {
  const usable = (kvm: Kvm): boolean => (gpc_of(kvm).active || !tests_active) && gpc_of(kvm).valid
  return step(
    'GU.2',
    {
      fn: 'kvm_gpc_check',
      since,
      c: { 'v6.1': { fn: 'kvm_gfn_to_pfn_cache_check', at: '!gpc->valid' }, 'v6.12': '!gpc->valid' },
      shows: (kvm) => `kvm_gpc_check() = ${usable(kvm)}`,
      fused: 'gpc->lock is held, and every change is under it, or makes the cache invalid first.',
    },
    [{ when: usable, to: 'GU.16' }, {}],
  )
}

/** Userspace removes the structure that is shared with the guest, and sets it up again. */
export function pfnCacheIoctl(bounds: Bounds): Program<Kvm> {
  return program<Kvm>('gpcioctl', 'userspace deactivates a pfn cache and activates it again', [
    choice(
      'idle',
      [
        step(
          'GD.1',
          { ...deactivate, c: { none: 'model' }, shows: 'kvm_gpc_deactivate()' },
          {
            when: (kvm) => gpc_of(kvm).gpcioctl.left > 0,
            does: (kvm) => {
              gpc_of(kvm).gpcioctl.left--
            },
          },
        ),
      ],
      { validEnd: true },
    ),
    block('GD', deactivateCache(), { fn: deactivate.fn }),
    ...inFunction<Kvm>(
      activate.fn,
      lockRefresh('GA.1', 'gpcioctl', { ...activate, c: { 'v6.1': null, 'v6.12': inActivateMutex } }),
      step<Kvm>(
        'GA.2',
        { ...activate, c: inActivate('list_add('), shows: 'list_add(&gpc->list, &kvm->gpc_list)' },
        {
          does: (kvm) => {
            gpc_of(kvm).listed = true
          },
        },
      ),
      step<Kvm>(
        'GA.3',
        {
          ...activate,
          c: inActivate('gpc->active = true'),
          shows: 'gpc->active = true',
          fused: 'The section of gpc->lock has no other statement.',
        },
        {
          when: (kvm) => gpc_of(kvm).lock === 'free',
          does: (kvm) => {
            gpc_of(kvm).active = true
          },
        },
      ),
      ...refreshLocked('gpcioctl', 'GA', bounds),
      unlockRefresh('GA.13', { ...activate, c: { none: 'model' } }, 'idle'),
    ),
  ])
}

const inActivateMutex = { callee: '__kvm_gpc_activate', at: 'guard(mutex)(&gpc->refresh_lock)' } as const

/** GD: `kvm_gpc_deactivate()`: the cache can no longer be refreshed when it leaves the list. */
function deactivateCache(): Entry<Kvm>[] {
  return [
    lockRefresh('GD.2', 'gpcioctl', { ...deactivate, c: { 'v6.12': 'guard(mutex)(&gpc->refresh_lock)' } }),
    lockWrite('GD.3', 'gpcioctl', { ...deactivate, c: 'write_lock_irq(' }),
    step<Kvm>(
      'GD.4',
      { ...deactivate, c: 'gpc->active = false', shows: 'gpc->active = false' },
      {
        does: (kvm) => {
          gpc_of(kvm).active = false
        },
      },
    ),
    forgetPage('GD.5', { ...deactivate, c: { 'v6.12': ['gpc->valid = false', 'gpc->khva = NULL'] } }),
    unlock('GD.6', 'write', { ...deactivate, c: 'write_unlock_irq(' }),
    offTheList(),
    unlockRefresh('GD.8', { ...deactivate, c: { none: 'model' } }),
  ]
}

/** Until v6.1: the page is forgotten when the cache is off the list, in a section that comes after. */
export function deactivatedBeforeThePageIsForgotten(): Block<Kvm> {
  const unmap = { fn: 'kvm_gfn_to_pfn_cache_unmap', since: 'v6.1' as ReadIn }
  return block(
    'GD',
    [
      lockWrite('GD.3', 'gpcioctl', { ...deactivate, c: 'write_lock_irq(' }),
      step<Kvm>(
        'GD.4',
        { ...deactivate, c: 'gpc->active = false', shows: 'gpc->active = false' },
        {
          does: (kvm) => {
            gpc_of(kvm).active = false
          },
        },
      ),
      unlock('GD.6', 'write', { ...deactivate, c: 'write_unlock_irq(' }),
      offTheList(),
      ...inFunction<Kvm>(
        unmap.fn,
        lockRefresh('GD.2', 'gpcioctl', { ...unmap, c: 'mutex_lock(' }),
        lockWrite('GD.5 lock', 'gpcioctl', { ...unmap, c: 'write_lock_irq(' }),
        forgetPage('GD.5', { ...unmap, c: ['gpc->valid = false', 'gpc->khva = NULL'] }),
        unlock('GD.5 unlock', 'write', { ...unmap, c: 'write_unlock_irq(' }),
        unlockRefresh('GD.8', { ...unmap, c: 'mutex_unlock(' }),
      ),
    ],
    { fn: deactivate.fn },
  )
}

type Place = { readonly fn: string; readonly since: ReadIn; readonly c: Anchor }

function offTheList(): Step<Kvm> {
  return step(
    'GD.7',
    { ...deactivate, c: 'list_del(', shows: 'list_del(&gpc->list)' },
    {
      does: (kvm) => {
        gpc_of(kvm).listed = false
      },
    },
  )
}

function forgetPage(name: string, about: Place): Step<Kvm> {
  return step(
    name,
    {
      ...about,
      shows: 'gpc->valid = false, gpc->khva = NULL',
      fused: 'gpc->lock is held for write, and all who read these fields hold it.',
    },
    {
      does: (kvm) => {
        const gpc = gpc_of(kvm)
        gpc.valid = false
        gpc.khva = false
        gpc.pfn = null
      },
    },
  )
}

/** `__kvm_gpc_refresh()`, with refresh_lock held. */
function refreshLocked(who: PfnCacheThread, name: string, { pfnCache }: Bounds): Entry<Kvm>[] {
  const local = (kvm: Kvm): PfnCache[PfnCacheThread] => gpc_of(kvm)[who]
  const hva = (kvm: Kvm): number => gfn_to_hva(kvm, pfnCache.gfn)
  return [
    lockWrite(`${name}.5`, who, { ...refresh, c: inRefresh('write_lock_irq(') }),
    testActive(name),
    ...inFunction<Kvm>(
      retry.fn,
      step<Kvm>(
        `${name}.7`,
        {
          ...retry,
          c: ['gpc->valid = false', 'mmu_invalidate_seq'],
          shows: (kvm) => `gpc->valid = false; mmu_seq = ${kvm.mmu_invalidate.seq}`,
          fused: 'gpc->lock is held for write, so that none sees the cache in between.',
        },
        {
          does: (kvm) => {
            gpc_of(kvm).valid = false
            local(kvm).mmu_seq = kvm.mmu_invalidate.seq
          },
        },
      ),
      unlock(`${name}.8`, 'write', { ...retry, c: 'write_unlock_irq(' }),
      step<Kvm>(
        `${name}.9`,
        {
          ...retry,
          c: 'hva_to_pfn(',
          shows: (kvm) => `hva_to_pfn() = pfn ${kvm.host_pte[hva(kvm)] ?? `${free_host_page(kvm)} (new)`}`,
          fused: 'The host reads or sets its PTE under its page-table lock.',
        },
        {
          does: (kvm) => {
            kvm.host_pte[hva(kvm)] ??= take_free_host_page(kvm)
            local(kvm).new_pfn = kvm.host_pte[hva(kvm)]
          },
        },
      ),
      lockWrite(`${name}.10`, who, { ...retry, c: 'write_lock_irq(&gpc->lock)' }),
      retryForCount(name),
      step<Kvm>(
        `${name}.11 seq`,
        {
          fn: 'mmu_notifier_retry_cache',
          since,
          c: 'mmu_invalidate_seq != mmu_seq',
          shows: (kvm) => `mmu_invalidate_seq = ${kvm.mmu_invalidate.seq}, mmu_seq = ${local(kvm).mmu_seq}`,
        },
        [{ when: (kvm) => kvm.mmu_invalidate.seq !== local(kvm).mmu_seq, to: `${name}.7` }, {}],
      ),
      step<Kvm>(
        `${name}.11`,
        {
          ...retry,
          c: ['gpc->valid = true', 'gpc->pfn = new_pfn', 'gpc->khva = new_khva'],
          shows: (kvm) => `gpc->valid = true, pfn ${local(kvm).new_pfn}`,
          fused: 'gpc->lock is held for write, and all who read these fields hold it.',
        },
        {
          does: (kvm) => {
            const gpc = gpc_of(kvm)
            gpc.valid = true
            gpc.khva = true
            gpc.pfn = local(kvm).new_pfn
          },
        },
      ),
    ),
    step<Kvm>(
      `${name}.12`,
      { ...refresh, c: inRefresh('write_unlock_irq('), shows: 'write_unlock(&gpc->lock)' },
      {
        does: (kvm) => {
          local(kvm).mmu_seq = 0
          local(kvm).new_pfn = null
          gpc_of(kvm).lock = 'free'
        },
      },
    ),
  ]
}

/** What the retry test finds first: whether the refresh must begin again for an invalidation in progress. */
export function retryForCount(
  name: string,
  retries: (kvm: Kvm) => boolean = (kvm) => kvm.mn_active_invalidate_count > 0,
): Step<Kvm> {
  return step(
    `${name}.11 count`,
    {
      fn: 'mmu_notifier_retry_cache',
      since,
      c: 'kvm->mn_active_invalidate_count',
      shows: (kvm) => `mn_active_invalidate_count = ${kvm.mn_active_invalidate_count}`,
    },
    [{ when: retries, to: `${name}.7` }, {}],
  )
}

/** Whether a refresh refuses a cache that is not active. @param tests_active false in a design. */
export function testActive(name: string, tests_active = true): Step<Kvm> {
  return step(
    `${name}.6`,
    {
      ...refresh,
      c: inRefresh('!gpc->valid'),
      shows: (kvm) => `gpc->active = ${gpc_of(kvm).active}, gpc->valid = ${gpc_of(kvm).valid}`,
      fused: 'Both fields are read with gpc->lock held for write.',
    },
    [
      ...when(name === 'GU', {
        when: (kvm: Kvm) => tests_active && !gpc_of(kvm).active,
        to: 'GU.14',
      }),
      { when: (kvm) => gpc_of(kvm).valid, to: `${name}.12` },
      {},
    ],
  )
}

function lockRefresh(name: string, who: PfnCacheThread, about: Place): Step<Kvm> {
  return step(
    name,
    { ...about, shows: 'mutex_lock(&gpc->refresh_lock)' },
    {
      when: (kvm) => gpc_of(kvm).refresh_lock === 'free',
      does: (kvm) => {
        gpc_of(kvm).refresh_lock = who
      },
    },
  )
}

function unlockRefresh(name: string, about: Place, to?: string): Step<Kvm> {
  return step(
    name,
    { ...about, shows: 'mutex_unlock(&gpc->refresh_lock)' },
    {
      does: (kvm) => {
        gpc_of(kvm).refresh_lock = 'free'
      },
      ...(to === undefined ? {} : { to }),
    },
  )
}

function lockWrite(name: string, who: PfnCacheThread, about: Place): Step<Kvm> {
  return step(
    name,
    { ...about, shows: 'write_lock(&gpc->lock)' },
    {
      when: (kvm) => gpc_of(kvm).lock === 'free',
      does: (kvm) => {
        gpc_of(kvm).lock = who
      },
    },
  )
}

function unlock(name: string, how: 'read' | 'write', about: Place, to?: string): Step<Kvm> {
  return step(
    name,
    { ...about, shows: `${how}_unlock(&gpc->lock)` },
    {
      does: (kvm) => {
        gpc_of(kvm).lock = 'free'
      },
      ...(to === undefined ? {} : { to }),
    },
  )
}
