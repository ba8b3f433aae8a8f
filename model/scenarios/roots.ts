import type { Patch } from '../language/patch.ts'
import { compose, each, one, type System } from '../language/system.ts'
import { rootZapper } from '../machines/root-zapper.ts'
import { vcpuRun } from '../machines/vcpu-run.ts'
import { zapAllFast } from '../machines/zap-all-fast.ts'
import { type Bounds, smallest } from '../memory/bounds.ts'
import { type Kvm, kvmWorld } from '../memory/kvm.ts'
import { alloc_shadow_page } from '../memory/shadow-page.ts'
import { sortsOf } from '../memory/sorts.ts'
import { account_shadowed } from '../memory/write-tracking.ts'
import { type Scenario, shownBounds } from './scenario.ts'

/** Properties of roots, checked in every scenario of this file. */
const ROOT_PROPERTIES = [
  'no-stale-root-used',
  'no-leaf-below-an-obsolete-root',
  'no-freed-root-in-use',
  'no-tlb-entry-of-a-freed-root',
  'no-guest-on-a-root-after-its-request',
  'no-request-unnoticed-in-guest-mode',
  'no-obsolete-root-kept',
  'only-obsolete-roots-freed',
  'root-count-is-number-of-holders',
  'page-on-one-list',
  'every-access-can-finish',
  'no-deadlock',
  'stale-fault-is-retried',
]

/** Witnesses that only zapping a root in use can show. */
const ZAP_WITNESS = 'guest-enters-on-a-root-being-zapped'

function rootsScenario(
  about: Omit<Scenario<Kvm>, 'bounds' | 'properties' | 'build'> & {
    readonly bounds: Partial<Bounds>
    readonly properties?: readonly string[]
    readonly filler?: boolean
  },
): Scenario<Kvm> {
  const { id, aliases, title, bounds: chosen, properties = [], filler = false } = about
  const bounds: Bounds = { ...smallest, ...chosen }
  return {
    id,
    aliases,
    title,
    about: about.about,
    bounds: shownBounds(bounds),
    properties: [...ROOT_PROPERTIES, ...properties],
    build: (patches) => buildRoots(id, bounds, patches, filler),
  }
}

/** All vCPUs begin outside the guest with a root for page directory 0 loaded; `filler` adds an older page. */
function buildRoots(
  name: string,
  bounds: Bounds,
  patches: readonly Patch<Kvm>[],
  filler: boolean,
): System<Kvm> {
  const sorts = sortsOf(bounds)
  return compose({
    name,
    world: kvmWorld(bounds, sorts),
    threads: [
      each(sorts.vcpu, vcpuRun(bounds)),
      ...(bounds.zappers > 0 ? [each(sorts.zapper, rootZapper(bounds))] : []),
      ...(bounds.zapAlls > 0 ? [one(zapAllFast(bounds))] : []),
    ],
    initial: [
      (kvm) => {
        for (let g = 0; g < bounds.gfns; g++) kvm.host_pte[g] = g
        for (let table = 0; table < bounds.tables; table++) {
          kvm.guest_table[table][0].to = bounds.tables
          kvm.guest_table[table][0].w = true
        }
        // The older page shadows a table that no CR3 value names.
        if (filler) add_page(kvm, 1, bounds.tables)
        add_page(kvm, 0, 0)
        for (let v = 0; v < bounds.vcpus; v++) {
          kvm.vcpu[v].root = 0
          kvm.vcpu[v].cr3_loads = bounds.cr3Loads
          kvm.page[0].root_count++
        }
        for (let z = 0; z < bounds.zappers; z++) kvm.zapper[z].left = bounds.zaps
        if (bounds.zapAlls > 0) kvm.memslot[0].left = bounds.zapAlls
      },
    ],
    patches,
    symmetric: [sorts.vcpu, sorts.zapper],
  })
}

function add_page(kvm: Kvm, page: number, gfn: number): void {
  alloc_shadow_page(kvm, page, gfn, 1)
  account_shadowed(kvm, page)
}

/** Scenarios in which only roots matter: who drops which root, when, and who is told. */
export const rootScenarios: readonly Scenario<Kvm>[] = [
  rootsScenario({
    id: 'roots-zap-all',
    aliases: ['seed-002'],
    title: 'one vCPU switches CR3 while a memslot delete zaps all pages, dropping mmu_lock between pages',
    about:
      'The situation of the bug in v5.18: a previous root in the PGD cache, a memslot delete that breaks mmu_lock before it reaches that root, and a guest that switches back to it. One older page makes the walk reach the roots late.',
    bounds: {
      pages: 5,
      gfns: 3,
      pfns: 3,
      tables: 2,
      pgds: 2,
      prevRoots: 1,
      cr3Loads: 2,
      zapAlls: 1,
      lockBreak: true,
    },
    filler: true,
    properties: ['zap-all-can-finish'],
  }),
  rootsScenario({
    id: 'roots-zap-all-unbroken',
    aliases: [],
    title: 'one vCPU switches CR3 while a memslot delete zaps all pages under one mmu_lock section',
    about: 'As roots-zap-all, but the walk never drops mmu_lock.',
    bounds: { pages: 5, gfns: 3, pfns: 3, tables: 2, pgds: 2, prevRoots: 1, cr3Loads: 2, zapAlls: 1 },
    filler: true,
    properties: ['zap-all-can-finish'],
  }),
  rootsScenario({
    id: 'roots-zap-one',
    aliases: [],
    title: 'one vCPU switches CR3 while single root pages are zapped',
    about:
      'Guest writes to a page directory make another vCPU zap the root of it (abstracted to a zapper thread). The order of role.invalid and the request decides.',
    bounds: {
      pages: 4,
      gfns: 4,
      pfns: 4,
      tables: 3,
      pgds: 3,
      prevRoots: 1,
      cr3Loads: 2,
      zappers: 1,
      zaps: 1,
    },
    properties: [ZAP_WITNESS],
  }),
  rootsScenario({
    id: 'roots-zap-one-two-vcpus',
    aliases: [],
    title: 'two vCPUs share roots while a single root page is zapped',
    about: 'The precision half of seed 002: a vCPU must not lose a root because another root was zapped.',
    bounds: {
      vcpus: 2,
      pages: 4,
      gfns: 3,
      pfns: 3,
      tables: 2,
      pgds: 2,
      prevRoots: 1,
      cr3Loads: 1,
      zappers: 1,
      zaps: 1,
    },
    properties: [ZAP_WITNESS],
  }),
  rootsScenario({
    id: 'roots-two-zappers',
    aliases: [],
    title: 'one vCPU with two roots while two threads zap one root each',
    about: 'Two requests close together: a handler that clears the bit last loses the second.',
    bounds: {
      pages: 4,
      gfns: 3,
      pfns: 3,
      tables: 2,
      pgds: 2,
      prevRoots: 1,
      cr3Loads: 1,
      zappers: 2,
      zaps: 1,
    },
    properties: [ZAP_WITNESS],
  }),
]
