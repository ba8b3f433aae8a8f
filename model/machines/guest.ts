import { choice, type Entry, type Step, step } from '../language/program.ts'
import type { Bounds } from '../memory/bounds.ts'
import { index_at } from '../memory/guest-memory.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Spte } from '../memory/shadow-page.ts'
import { finish_instruction } from '../memory/vcpu.ts'

const since = 'x86'
const code = { fn: 'guest', since }
const hardware = { fn: 'hardware page walk', since }

/**
 * RUN.9: guest code and the hardware page walker, while the CPU is in guest mode. An instruction that was
 * begun is repeated until it is done; in between the guest may be interrupted. A walk reads one entry per
 * step, so that tables can change, or be freed, below it (shadow-mmu.md 1.6).
 */
export function guest(bounds: Bounds): Entry<Kvm>[] {
  const gvas = Array.from({ length: bounds.gvas }, (_, gva) => gva)
  return [
    choice('RUN.9', [
      step(
        'interrupt',
        { fn: 'vcpu_enter_guest', since, shows: 'VM-exit: external interrupt (IPI)' },
        { when: (kvm, v) => kvm.vcpu[v].ipi && kvm.vcpu[v].walk === null, to: 'exit: interrupt' },
      ),
      ...gvas.map((gva) => begin(`read[${gva}]`, `read gva ${gva}`, 'read', gva, 0)),
      ...(bounds.dataWrites
        ? gvas.map((gva) => begin(`write[${gva}]`, `write gva ${gva}`, 'write', gva, 0))
        : []),
      ...bounds.edits.map(({ gva, index, to, w }, number) =>
        begin(
          `edit[${number}]`,
          `gPTE[${index}] (gva ${gva}) = ${to === null ? 'not present' : `gfn ${to}${w ? ', W' : ''}`}`,
          'write',
          gva,
          number + 1,
        ),
      ),
      ...(bounds.invlpgs > 0 ? gvas.map(invlpg) : []),
      tlbHit(bounds),
      ...(bounds.levels > 1 ? [walkTable(bounds)] : []),
      walkLeaf(bounds),
      walkFault(bounds),
      ...cr3Loads(bounds),
    ]),
  ]
}

const accessing = (kvm: Kvm, v: number): boolean =>
  kvm.vcpu[v].guest === 'read' || kvm.vcpu[v].guest === 'write'

/** A cached translation serves the access in progress. */
function tlb_hit(kvm: Kvm, v: number): boolean {
  const { gva, guest, root, tlb } = kvm.vcpu[v]
  const entry = tlb[gva]
  return entry.pfn !== null && entry.root === root && (guest !== 'write' || entry.w)
}

/** The entry that the walk reads now. */
function walked_spte(kvm: Kvm, v: number, bounds: Bounds): Spte {
  const { walk, walk_level, root, gva } = kvm.vcpu[v]
  const table = walk ?? (root as number)
  const level = walk === null ? bounds.levels : walk_level
  return kvm.page[table].spte[index_at(gva, level, bounds.entries)]
}

const allows = (kvm: Kvm, v: number, entry: Spte): boolean =>
  entry.kind === 'leaf' && (kvm.vcpu[v].guest !== 'write' || entry.w)

/** Carries out a store: only stores to page tables change anything the model knows of. */
function do_store(kvm: Kvm, v: number, pfn: number, bounds: Bounds): void {
  if (bounds.dirty && kvm.vcpu[v].guest === 'write') kvm.host_page[pfn].written = true
  const { edit } = kvm.vcpu[v]
  if (edit === 0) return
  const { index, to, w } = bounds.edits[edit - 1]
  // Page tables stay on the host page they started on, which has the number of their frame.
  if (pfn >= bounds.tables) return
  kvm.guest_table[pfn][index].to = to
  kvm.guest_table[pfn][index].w = w
}

function begin(name: string, shows: string, kind: 'read' | 'write', gva: number, edit: number): Step<Kvm> {
  return step(
    name,
    { ...code, shows },
    {
      when: (kvm, v) => kvm.vcpu[v].guest === 'idle' && (edit === 0 || kvm.vcpu[v].edits_left > 0),
      does: (kvm, v) => {
        kvm.vcpu[v].guest = kind
        kvm.vcpu[v].gva = gva
        kvm.vcpu[v].edit = edit
        if (edit > 0) kvm.vcpu[v].edits_left--
      },
      to: 'RUN.9',
    },
  )
}

function tlbHit(bounds: Bounds): Step<Kvm> {
  return step(
    'HW.1',
    {
      ...hardware,
      shows: (kvm, v) => `TLB hit: gva ${kvm.vcpu[v].gva} -> pfn ${kvm.vcpu[v].tlb[kvm.vcpu[v].gva].pfn}`,
    },
    {
      when: (kvm, v) => accessing(kvm, v) && kvm.vcpu[v].walk === null && tlb_hit(kvm, v),
      does: (kvm, v) => {
        do_store(kvm, v, kvm.vcpu[v].tlb[kvm.vcpu[v].gva].pfn as number, bounds)
        finish_instruction(kvm, v)
      },
      to: 'RUN.9',
    },
  )
}

/** HW.3 on a link: remember the table it names; from here on only a flush with wait protects that table. */
function walkTable(bounds: Bounds): Step<Kvm> {
  return step(
    'HW.2',
    { ...hardware, shows: (kvm, v) => `walk: entry -> table ${walked_spte(kvm, v, bounds).child}` },
    {
      when: (kvm, v) => may_walk(kvm, v) && walked_spte(kvm, v, bounds).kind === 'link',
      does: (kvm, v) => {
        const vcpu = kvm.vcpu[v]
        const level = vcpu.walk === null ? bounds.levels : vcpu.walk_level
        vcpu.walk = walked_spte(kvm, v, bounds).child
        vcpu.walk_level = level - 1
      },
      to: 'RUN.9',
    },
  )
}

const may_walk = (kvm: Kvm, v: number): boolean =>
  accessing(kvm, v) && (kvm.vcpu[v].walk !== null || !tlb_hit(kvm, v))

/** The walk is over: found, or faulted. */
function end_walk(kvm: Kvm, v: number): void {
  kvm.vcpu[v].walk = null
  kvm.vcpu[v].walk_level = 1
}

function walkLeaf(bounds: Bounds): Step<Kvm> {
  return step(
    'HW.3',
    {
      ...hardware,
      shows: (kvm, v) =>
        `walk below root ${kvm.vcpu[v].root}: gva ${kvm.vcpu[v].gva} -> pfn ${walked_spte(kvm, v, bounds).pfn}`,
      fused: 'Reading the leaf, filling the TLB and the access: the access uses the entry just read.',
    },
    {
      when: (kvm, v) => may_walk(kvm, v) && allows(kvm, v, walked_spte(kvm, v, bounds)),
      does: (kvm, v) => {
        const { pfn, w } = walked_spte(kvm, v, bounds)
        if (bounds.dirty && kvm.vcpu[v].guest === 'write') walked_spte(kvm, v, bounds).dirty = true
        const entry = kvm.vcpu[v].tlb[kvm.vcpu[v].gva]
        entry.pfn = pfn
        // The first write walks again, to set D.
        entry.w = bounds.dirty ? walked_spte(kvm, v, bounds).dirty : w
        entry.root = kvm.vcpu[v].root
        do_store(kvm, v, pfn as number, bounds)
        end_walk(kvm, v)
        finish_instruction(kvm, v)
      },
      to: 'RUN.9',
    },
  )
}

function walkFault(bounds: Bounds): Step<Kvm> {
  const refused = (kvm: Kvm, v: number): boolean => {
    const entry = walked_spte(kvm, v, bounds)
    return entry.kind !== 'link' && !allows(kvm, v, entry)
  }
  return step(
    'HW.3 fault',
    {
      ...hardware,
      shows: (kvm, v) =>
        `walk below root ${kvm.vcpu[v].root}: gva ${kvm.vcpu[v].gva} ${walked_spte(kvm, v, bounds).kind === 'leaf' ? 'not writable' : 'not present'}, #PF exit`,
    },
    {
      when: (kvm, v) => may_walk(kvm, v) && refused(kvm, v),
      does: (kvm, v) => {
        end_walk(kvm, v)
        // The fault itself drops what was cached for the address.
        const entry = kvm.vcpu[v].tlb[kvm.vcpu[v].gva]
        entry.pfn = null
        entry.w = false
        entry.root = null
      },
      to: 'exit: page fault',
    },
  )
}

/** INVLPG is intercepted with shadow paging. */
function invlpg(gva: number): Step<Kvm> {
  return step(
    `invlpg[${gva}]`,
    { ...code, shows: `invlpg gva ${gva}` },
    {
      when: (kvm, v) => kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].invlpgs_left > 0,
      does: (kvm, v) => {
        kvm.vcpu[v].invlpgs_left--
        kvm.vcpu[v].guest = 'invlpg'
        kvm.vcpu[v].gva = gva
      },
      to: 'exit: INVLPG',
    },
  )
}

/** MOV to CR3 exits; the guest chooses another page directory, or (when it edits tables) the same again. */
function cr3Loads(bounds: Bounds): Step<Kvm>[] {
  if (bounds.cr3Loads === 0) return []
  const again = bounds.edits.length > 0
  return Array.from({ length: bounds.pgds }, (_, pgd) =>
    step<Kvm>(
      `CR3[${pgd}]`,
      { ...code, shows: `mov cr3, pgd ${pgd}` },
      {
        when: (kvm, v) =>
          kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].cr3_loads > 0 && (again || kvm.vcpu[v].cr3 !== pgd),
        does: (kvm, v) => {
          kvm.vcpu[v].cr3_loads--
          kvm.vcpu[v].cr3 = pgd
        },
        to: 'exit: CR3',
      },
    ),
  )
}
