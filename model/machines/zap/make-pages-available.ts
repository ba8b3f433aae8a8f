import { type Block, block, type Entry, inFunction, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { oldest_pages, used_pages } from '../../memory/shadow/quota.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { commitZapPage, markInvalid, unlinkPage, zapContents } from './zap-page.ts'
import type { Zapping } from './zapping.ts'

const since: ReadIn = 'v5.10..v7.2'
const about = { fn: 'make_mmu_pages_available', since }
const walk = { fn: 'kvm_mmu_zap_oldest_mmu_pages', since }

/** The locals of a vCPU that zaps because the quota of shadow pages is used up. */
export const reclaiming: Zapping = {
  sp: (kvm, v) => kvm.vcpu[v].zap_sp as number,
  list: 'invalid_list of vcpu',
  rootZapped: (kvm, v) => {
    kvm.vcpu[v].zapped_root = true
  },
}

/** Chooses the page to zap next, or null when there is none. */
export type Victim = (kvm: Kvm) => number | null

/** From the tail, skipping roots in use. */
const oldest: Victim = (kvm) => oldest_pages(kvm).find((page) => kvm.page[page].root_count === 0) ?? null

/**
 * PF.13, LOAD.2: if the quota is used up, zap pages until one is available. The kernel wants 5
 * (KVM_MIN_FREE_MMU_PAGES) and makes 25 (KVM_REFILL_PAGES) available; here both are 1, so that a small quota is enough.
 */
export function makePagesAvailable(name: string, bounds: Bounds): Entry<Kvm>[] {
  if (bounds.shadow.quota === 0) return []
  const available = (kvm: Kvm): number => bounds.shadow.quota - used_pages(kvm)
  return [
    block(
      name,
      [
        step(
          'MP.1',
          {
            ...about,
            c: 'KVM_MIN_FREE_MMU_PAGES',
            shows: (kvm) => `kvm_mmu_available_pages() = ${available(kvm)}`,
          },
          [{ when: (kvm) => available(kvm) > 0, to: 'MP.end' }, {}],
        ),
        ...inFunction(
          walk.fn,
          pickVictim(),
          ...zapContents(reclaiming, bounds),
          unlinkPage(reclaiming),
          markInvalid(reclaiming),
          requestIfRootWasZappedOnTheWay(bounds),
          step(
            'MP.3',
            {
              ...walk,
              c: 'total_zapped >= nr_to_zap',
              shows: (kvm) => `available = ${available(kvm)}`,
              quiet: true,
            },
            [
              { when: (kvm) => available(kvm) > 0, does: forgetVictim },
              { does: forgetVictim, to: 'MP.2' },
            ],
          ),
          commitZapPage('MP.4', reclaiming.list, bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
        ),
        step('MP.end', { ...about, c: 'return 0', shows: 'return', quiet: true }),
      ],
      { fn: about.fn },
    ),
  ]
}

function forgetVictim(kvm: Kvm, v: number): void {
  kvm.vcpu[v].zap_sp = null
}

/** MP.2: the walk over active_mmu_pages; a design starts at the other end. */
export function pickVictim(victim: Victim = oldest): Step<Kvm> {
  return step(
    'MP.2',
    {
      ...walk,
      c: 'if (sp->root_count)',
      shows: (kvm) => `zap page ${victim(kvm) ?? 'none: all are roots in use'}`,
    },
    [
      { when: (kvm) => victim(kvm) === null, to: 'MP.4' },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].zap_sp = victim(kvm)
        },
      },
    ],
  )
}

/** ZAP.9, if a root in use was zapped on the way, which only happens to nested tables. */
function requestIfRootWasZappedOnTheWay(bounds: Bounds): Block<Kvm> {
  return block(
    'ZAP.9',
    [
      step(
        'ZAP.9 test',
        {
          fn: '__kvm_mmu_prepare_zap_page',
          since,
          c: 'if (zapped_root)',
          shows: (kvm, v) => `zapped_root = ${kvm.vcpu[v].zapped_root}`,
          quiet: (kvm, v) => !kvm.vcpu[v].zapped_root,
        },
        [
          { when: (kvm, v) => !kvm.vcpu[v].zapped_root, to: 'MP.3' },
          {
            does: (kvm, v) => {
              kvm.vcpu[v].zapped_root = false
            },
          },
        ],
      ),
      makeAllCpusRequest('request', 'FREE_OBSOLETE_ROOTS', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    ],
    { fn: '__kvm_mmu_prepare_zap_page' },
  )
}
