import type { Patch } from '../language/patch.ts'
import { compose, each, one, type System } from '../language/system.ts'
import { externalWriter } from '../machines/external-writer.ts'
import { notifier } from '../machines/notifier.ts'
import { rootZapper } from '../machines/root-zapper.ts'
import { vcpuRun } from '../machines/vcpu-run.ts'
import { zapAllFast } from '../machines/zap-all-fast.ts'
import { type Bounds, smallest } from '../memory/bounds.ts'
import { type Kvm, kvmWorld } from '../memory/kvm.ts'
import { sortsOf } from '../memory/sorts.ts'
import type { Scenario } from './scenario.ts'

/** An entry of a guest table at the start: the table or frame it points at, or the huge page it maps. */
export type Entry = number | null | { readonly huge: number }

/** Scenarios of roles, roots and quotas: what they have besides names and bounds. */
export interface RoleScenario
  extends Pick<Scenario<Kvm>, 'id' | 'aliases' | 'title' | 'about' | 'properties'> {
  readonly bounds: Partial<Bounds>
  /** Contents of the table frames 0, 1, ... at the start; all entries are writable. */
  readonly tables: readonly (readonly Entry[])[]
}

/** The vCPUs begin outside the guest without any root; no shadow page exists yet. */
export function roleScenario(about: RoleScenario): Scenario<Kvm> {
  const { id, aliases, title, properties } = about
  const bounds = boundsOf(about)
  const count = (value: Bounds[keyof Bounds]): number =>
    typeof value === 'object' ? value.length : Number(value ?? 0)
  return {
    id,
    aliases,
    title,
    about: about.about,
    bounds: Object.fromEntries(Object.entries(bounds).map(([name, value]) => [name, count(value)])),
    properties,
    build: (patches) => build(about, bounds, patches),
  }
}

/** All bounds of a scenario, for designs whose steps need them. */
export function boundsOf({ tables, bounds }: RoleScenario): Bounds {
  return { ...smallest, tables: tables.length, entries: tables[0].length, ...bounds }
}

function build(about: RoleScenario, bounds: Bounds, patches: readonly Patch<Kvm>[]): System<Kvm> {
  const sorts = sortsOf(bounds)
  return compose({
    name: about.id,
    world: kvmWorld(bounds, sorts),
    threads: [
      each(sorts.vcpu, vcpuRun(bounds)),
      ...(bounds.zappers > 0 ? [each(sorts.zapper, rootZapper(bounds))] : []),
      ...(bounds.zapAlls > 0 ? [one(zapAllFast(bounds))] : []),
      ...(bounds.notifiers > 0 ? [each(sorts.notifier, notifier(bounds))] : []),
      ...(bounds.external.length > 0 ? [one(externalWriter(bounds))] : []),
    ],
    initial: [
      (kvm) => {
        setUpMemory(kvm, bounds, about.tables)
        setUpThreads(kvm, bounds)
      },
    ],
    patches,
    symmetric: [sorts.vcpu, sorts.zapper, sorts.notifier],
  })
}

function setUpMemory(kvm: Kvm, bounds: Bounds, tables: RoleScenario['tables']): void {
  for (let g = 0; g < bounds.gfns - bounds.mmioGfns; g++) {
    kvm.host_pte[g] = g
    if (g < kvm.host_page.length) kvm.host_page[g].owner = 'the VM'
  }
  tables.forEach((entries, table) => {
    entries.forEach((entry, index) => {
      const huge = entry !== null && typeof entry === 'object'
      const gpte = kvm.guest_table[table][index]
      gpte.to = huge ? entry.huge : entry
      gpte.w = entry !== null
      if (huge) gpte.huge = true
    })
  })
}

function setUpThreads(kvm: Kvm, bounds: Bounds): void {
  for (let v = 0; v < bounds.vcpus; v++) {
    const vcpu = kvm.vcpu[v]
    if (bounds.guestMode) vcpu.nested = true
    vcpu.cr3_loads = bounds.cr3Loads
    vcpu.nested_runs = bounds.nestedRuns
    vcpu.pae_toggles = bounds.paeToggles
    vcpu.prefaults_left = bounds.prefaults
  }
  for (let z = 0; z < bounds.zappers; z++) kvm.zapper[z].left = bounds.zaps
  for (let n = 0; n < bounds.notifiers; n++) kvm.notifier[n].left = bounds.invalidations
  if (bounds.zapAlls > 0) kvm.memslot[0].left = bounds.zapAlls
  if (bounds.external.length > 0) kvm.external[0].left = bounds.externalLeft
}
