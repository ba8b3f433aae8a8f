import { type Choice, choice, type Step, step, when } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import { type Bounds, watched } from '../../memory/bounds.ts'
import { note_store } from '../../memory/dirty-log/dirty-log.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at, write_gpte } from '../../memory/primitives/guest-memory.ts'
import { hardware_root, hardware_root_level } from '../../memory/roots/mmu.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import { flush_tlb_gva, forget_outdated, promise_fresh } from '../../memory/vcpu/tlb.ts'
import { EXIT, GUEST } from '../hand-over.ts'

const code = { fn: 'guest', since: 'guest' } as const
const hardware = { fn: 'hardware page walk', since: 'hardware' } as const

/**
 * RUN.9: guest code and the hardware page walker, while the CPU is in guest mode. An instruction is repeated until
 * it completes; in between the guest may be interrupted. A walk reads one SPTE per step, so that tables can change,
 * or be freed, during the walk.
 */
export function guest(bounds: Bounds, steps: readonly Step<Kvm>[]): Choice<Kvm> {
  return choice(GUEST, steps, { validEnd: addressesRead(bounds).length === 0 && !bounds.guest.dataWrites })
}

const addresses = ({ guest }: Bounds): number[] => Array.from({ length: guest.gvas }, (_, gva) => gva)
const addressesRead = (bounds: Bounds): readonly number[] => bounds.guest.reads ?? addresses(bounds)

/** An IPI on the CPU that runs the vCPU. */
export function interrupt(): Step<Kvm> {
  return step(
    'interrupt',
    { fn: 'vcpu_enter_guest', since: 'hardware', shows: 'VM-exit: external interrupt (IPI)' },
    { when: (kvm, v) => kvm.vcpu[v].ipi && kvm.vcpu[v].walk === null, to: EXIT.interrupt },
  )
}

/** The guest begins to read. */
export function beginReads(bounds: Bounds): Step<Kvm>[] {
  return bounds.guest.pairs
    ? [begin('copy', `read gva 0 and gva ${bounds.guest.gvas - 1}`, 'read', 0)]
    : addressesRead(bounds).map((gva) => begin(`read[${gva}]`, `read gva ${gva}`, 'read', gva))
}

/** The guest begins to write to a data frame. */
export function beginWrites(bounds: Bounds): Step<Kvm>[] {
  if (!bounds.guest.dataWrites) return []
  const { writes = addresses(bounds) } = bounds.guest
  return writes.map((gva) => begin(`write[${gva}]`, `write gva ${gva}`, 'write', gva))
}

/** Hardware translates the access in progress: by the TLB, or by a page walk. */
export function hardwareWalk(bounds: Bounds): Step<Kvm>[] {
  return [
    accessByTlb(bounds),
    ...when(bounds.shadow.levels > 1, walkTable(bounds)),
    walkLeaf(bounds),
    walkFault(bounds),
  ]
}

const accessing = (kvm: Kvm, v: number): boolean =>
  kvm.vcpu[v].guest === 'read' || kvm.vcpu[v].guest === 'write'

/** Whether the TLB translates the access in progress. */
function tlb_hit(kvm: Kvm, v: number, bounds: Bounds): boolean {
  const { gva, guest, tlb } = kvm.vcpu[v]
  const entry = tlb[gva]
  return entry.pfn !== null && entry.root === hardware_root(kvm, v, bounds) && (guest !== 'write' || entry.w)
}

/** The walk reads a shadow page. @throws Oops if the page was freed. */
function use_table(kvm: Kvm, v: number, bounds: Bounds): void {
  if (kvm.vcpu[v].dummy_root) return
  const table = kvm.vcpu[v].walk ?? hardware_root(kvm, v, bounds)
  if (table === null) return
  if (kvm.page[table].list === 'free') {
    throw new Oops('no-use-after-free', `vcpu${v} walks shadow page ${table} after it was freed`)
  }
}

/** An entry of the zero page, which a dummy root is. */
const ZERO = { kind: 'none' } as Spte

/** The entry that the walk reads now. */
function walked_spte(kvm: Kvm, v: number, bounds: Bounds): Spte {
  if (kvm.vcpu[v].dummy_root) return ZERO
  const { walk, walk_level, gva } = kvm.vcpu[v]
  const table = walk ?? hardware_root(kvm, v, bounds)
  if (table === null) return ZERO
  const level = walk === null ? hardware_root_level(kvm, v, bounds) : walk_level
  return kvm.page[table].spte[index_at(gva, level, bounds.guest.entries)]
}

/** The host page to which the walked SPTE maps the address; of a large SPTE, one of several. */
function translated_pfn(kvm: Kvm, v: number, bounds: Bounds): number {
  const pfn = walked_spte(kvm, v, bounds).pfn as number
  if (bounds.shadow.levels === 1) return pfn
  const { walk, walk_level, gva } = kvm.vcpu[v]
  const level = walk === null ? hardware_root_level(kvm, v, bounds) : walk_level
  return pfn + (gva % bounds.guest.entries ** (level - 1))
}

/** An access-tracked SPTE allows nothing. */
const allows = (kvm: Kvm, v: number, entry: Spte, { aging }: Bounds): boolean =>
  entry.kind === 'leaf' && (entry.accessed || !aging.withoutAd) && (kvm.vcpu[v].guest !== 'write' || entry.w)

/** Carries out a store. The model has the contents of page tables only, so only guest PTE writes change memory. */
function do_store(kvm: Kvm, v: number, pfn: number, bounds: Bounds): void {
  if (bounds.host.dirty && kvm.vcpu[v].guest === 'write') kvm.host_page[pfn].written = true
  if (bounds.dirtyLog.of.length > 0 && kvm.vcpu[v].guest === 'write') note_store(kvm, pfn, bounds)
  const { pte_write } = kvm.vcpu[v]
  if (pte_write === 0) return
  const { index, to, w } = bounds.guest.edits[pte_write - 1]
  // Page tables stay on the host page they started on, which has the number of their frame.
  if (pfn >= bounds.guest.tables) return
  write_gpte(kvm, pfn, index, to, w)
}

function begin(name: string, shows: string, kind: 'read' | 'write', gva: number): Step<Kvm> {
  return step(
    name,
    { ...code, shows },
    {
      when: (kvm, v) => kvm.vcpu[v].guest === 'idle',
      does: (kvm, v) => {
        kvm.vcpu[v].guest = kind
        kvm.vcpu[v].gva = gva
      },
      to: GUEST,
    },
  )
}

function accessByTlb(bounds: Bounds): Step<Kvm> {
  return step(
    'HW.1',
    {
      ...hardware,
      shows: (kvm, v) => `TLB hit: gva ${kvm.vcpu[v].gva} -> pfn ${kvm.vcpu[v].tlb[kvm.vcpu[v].gva].pfn}`,
    },
    {
      when: (kvm, v) => accessing(kvm, v) && kvm.vcpu[v].walk === null && tlb_hit(kvm, v, bounds),
      does: (kvm, v) => {
        do_store(kvm, v, kvm.vcpu[v].tlb[kvm.vcpu[v].gva].pfn as number, bounds)
        finish_access(kvm, v, bounds)
      },
      to: GUEST,
    },
  )
}

/** HW.2: follows a non-leaf SPTE. From here on only a flush that waits for this CPU protects the child. */
function walkTable(bounds: Bounds): Step<Kvm> {
  return step(
    'HW.2',
    { ...hardware, shows: (kvm, v) => `walk: entry -> table ${walked_spte(kvm, v, bounds).child}` },
    {
      when: (kvm, v) => may_walk(kvm, v, bounds) && leads_on(kvm, v, bounds),
      does: (kvm, v) => {
        use_table(kvm, v, bounds)
        const vcpu = kvm.vcpu[v]
        const level = vcpu.walk === null ? hardware_root_level(kvm, v, bounds) : vcpu.walk_level
        vcpu.walk = walked_spte(kvm, v, bounds).child
        vcpu.walk_level = level - 1
      },
      to: GUEST,
    },
  )
}

/** Whether the SPTE is non-leaf. (At level 1 that violates an invariant; hardware takes it for a leaf.) */
function leads_on(kvm: Kvm, v: number, bounds: Bounds): boolean {
  if (bounds.shadow.levels > 1 && kvm.vcpu[v].walk !== null && kvm.vcpu[v].walk_level === 1) return false
  return walked_spte(kvm, v, bounds).kind === 'non-leaf'
}

const may_walk = (kvm: Kvm, v: number, bounds: Bounds): boolean =>
  accessing(kvm, v) && (kvm.vcpu[v].walk !== null || !tlb_hit(kvm, v, bounds))

/** The access is done; an instruction with two operands continues with the second. */
function finish_access(kvm: Kvm, v: number, bounds: Bounds): void {
  if (bounds.guest.pairs && kvm.vcpu[v].gva === 0) kvm.vcpu[v].gva = bounds.guest.gvas - 1
  else finish_instruction(kvm, v)
}

/** The walk is over: found, or faulted. */
function reset_walk(kvm: Kvm, v: number): void {
  kvm.vcpu[v].walk = null
  kvm.vcpu[v].walk_level = 1
}

function walkLeaf(bounds: Bounds): Step<Kvm> {
  return step(
    'HW.3',
    {
      ...hardware,
      shows: (kvm, v) =>
        `root page ${hardware_root(kvm, v, bounds)}, gva ${kvm.vcpu[v].gva} -> pfn ${translated_pfn(kvm, v, bounds)}`,
      fused: 'Reading the leaf, filling the TLB, and the access, which uses the SPTE just read.',
    },
    {
      when: (kvm, v) => may_walk(kvm, v, bounds) && allows(kvm, v, walked_spte(kvm, v, bounds), bounds),
      does: (kvm, v) => {
        use_table(kvm, v, bounds)
        const { w } = walked_spte(kvm, v, bounds)
        const pfn = translated_pfn(kvm, v, bounds)
        if (bounds.host.dirty && kvm.vcpu[v].guest === 'write') walked_spte(kvm, v, bounds).dirty = true
        if (bounds.aging.accessed) walked_spte(kvm, v, bounds).accessed = true
        const entry = kvm.vcpu[v].tlb[kvm.vcpu[v].gva]
        entry.pfn = pfn
        // The first write walks again, to set D.
        entry.w = w && (!bounds.host.dirty || walked_spte(kvm, v, bounds).dirty)
        entry.root = hardware_root(kvm, v, bounds)
        forget_outdated(kvm, v, kvm.vcpu[v].gva)
        do_store(kvm, v, pfn, bounds)
        reset_walk(kvm, v)
        finish_access(kvm, v, bounds)
      },
      to: GUEST,
    },
  )
}

function walkFault(bounds: Bounds): Step<Kvm> {
  const refused = (kvm: Kvm, v: number): boolean => {
    const entry = walked_spte(kvm, v, bounds)
    return !leads_on(kvm, v, bounds) && !allows(kvm, v, entry, bounds)
  }
  return step(
    'HW.3 fault',
    {
      ...hardware,
      shows: (kvm, v) =>
        `${kvm.vcpu[v].dummy_root ? 'dummy root' : `root page ${hardware_root(kvm, v, bounds)}`}, gva ${kvm.vcpu[v].gva}: ${walked_spte(kvm, v, bounds).kind === 'leaf' ? 'not writable' : 'not present'}, exit`,
    },
    {
      when: (kvm, v) => may_walk(kvm, v, bounds) && refused(kvm, v),
      does: (kvm, v) => {
        use_table(kvm, v, bounds)
        if (watched(bounds) || bounds.fault.fast)
          kvm.vcpu[v].fault.present = walked_spte(kvm, v, bounds).kind === 'leaf'
        reset_walk(kvm, v)
        // A page fault flushes the address from the TLB of its CPU.
        flush_tlb_gva(kvm, v, kvm.vcpu[v].gva)
      },
      to: EXIT.pageFault,
    },
  )
}

/** INVLPG is intercepted with shadow paging. */
export function beginInvlpg(bounds: Bounds): Step<Kvm>[] {
  return bounds.guest.invlpgs > 0 ? addressesRead(bounds).map(invlpgOf) : []
}

function invlpgOf(gva: number): Step<Kvm> {
  return step(
    `invlpg[${gva}]`,
    { ...code, shows: `invlpg gva ${gva}` },
    {
      when: (kvm, v) => kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].invlpgs_left > 0,
      does: (kvm, v) => {
        kvm.vcpu[v].invlpgs_left--
        kvm.vcpu[v].guest = 'invlpg'
        kvm.vcpu[v].gva = gva
        promise_fresh(kvm, v, gva)
      },
      to: EXIT.invlpg,
    },
  )
}

/** MOV to CR3 exits. The guest loads another page directory or, if it writes guest PTEs, maybe the same again. */
export function cr3Loads(bounds: Bounds): Step<Kvm>[] {
  if (bounds.guest.cr3Loads === 0) return []
  const again = bounds.guest.edits.length > 0
  const ready = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].cr3_loads > 0
  const load = (kvm: Kvm, v: number, pgd: number): void => {
    kvm.vcpu[v].cr3_loads--
    kvm.vcpu[v].cr3 = pgd
    for (let gva = 0; gva < bounds.guest.gvas; gva++) promise_fresh(kvm, v, gva)
  }
  return Array.from({ length: bounds.guest.pgds }, (_, pgd) => {
    const does = (kvm: Kvm, v: number): void => load(kvm, v, pgd)
    return step<Kvm>(`CR3[${pgd}]`, { ...code, shows: `mov cr3, pgd ${pgd}` }, [
      { when: (kvm, v) => ready(kvm, v) && kvm.vcpu[v].cr3 !== pgd, does, to: EXIT.cr3 },
      ...when(again, {
        when: (kvm: Kvm, v: number) => ready(kvm, v) && kvm.vcpu[v].cr3 === pgd,
        does,
        to: EXIT.sameCr3,
      }),
    ])
  })
}
