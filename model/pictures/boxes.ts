import type { Box, Cell } from '../language/picture.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Spte } from '../memory/shadow/fields.ts'

/** Levels of shadow pages, each of which is a band. */
const MOST_LEVELS = 5

/** The bands of a picture, from the top. */
export const BANDS: readonly string[] = [
  'vCPUs and their TLBs',
  'local variables of other threads',
  ...Array.from({ length: MOST_LEVELS }, (_, n) => `shadow pages, level ${MOST_LEVELS - n}`),
  'frames of the guest, with their rmaps',
  'page tables of the guest',
  'pages of the host',
]

const VCPUS = 0
const WALKERS = 1
const bandOfLevel = (level: number): number => 1 + WALKERS + MOST_LEVELS - Math.min(level, MOST_LEVELS)
const FRAMES = 1 + WALKERS + MOST_LEVELS
const GUEST_TABLES = FRAMES + 1
const HOST_PAGES = GUEST_TABLES + 1

/** vCPUs, pointers of other threads, shadow pages, frames, guest tables and host pages, with what points where. */
export function boxesOf(kvm: Kvm): readonly Box[] {
  return [
    ...ids(kvm.vcpu).map((v) => vcpuBox(kvm, v)),
    ...WALKING.flatMap((kind) => ids(kvm[kind]).map((n) => walkerBox(kvm, kind, n))),
    ...ids(kvm.page).map((p) => pageBox(kvm, p)),
    ...ids(kvm.host_pte).map((gfn) => frameBox(kvm, gfn)),
    ...ids(kvm.guest_table).map((table) => guestTableBox(kvm, table)),
    ...ids(kvm.host_page).map((pfn) => hostPageBox(kvm, pfn)),
  ]
}

const ids = ({ length }: { readonly length: number }): number[] => Array.from({ length }, (_, i) => i)

/** A pointer to a shadow page, or what the kernel has instead. */
const toPage = (name: string, page: number | null, none = 'none'): Cell =>
  page === null ? { name, text: none } : { name, text: `page ${page}`, to: `page${page}` }

function vcpuBox(kvm: Kvm, v: number): Box {
  const vcpu = kvm.vcpu[v]
  const requests = [...vcpu.requests.elements(), ...(vcpu.apf_ready ? ['APF_READY'] : [])]
  const root = vcpu.dummy_root ? 'the zero page' : 'INVALID_PAGE'
  return {
    id: `vcpu${v}`,
    band: VCPUS,
    title: `vcpu${v}`,
    cells: [
      { name: 'mode', text: vcpu.mode },
      { name: 'requests', text: `{${requests.join(', ')}}${vcpu.ipi ? ', IPI sent' : ''}` },
      toPage('root', vcpu.root, root),
      ...ids(vcpu.prev_roots).map((i) => toPage(`prev_roots[${i}]`, vcpu.prev_roots[i], 'INVALID_PAGE')),
      ...ids(vcpu.pae_root).map((i) => toPage(`pae_root[${i}]`, vcpu.pae_root[i])),
      { name: 'cr3', text: `gfn ${vcpu.cr3}`, to: `table${vcpu.cr3}` },
      ...ids(vcpu.tlb).map((gva) => tlbCell(kvm, v, gva)),
      ...ids(vcpu.store_buffer).map(
        (i): Cell => ({ name: 'store buffer', text: vcpu.store_buffer[i].holds }),
      ),
      ...(vcpu.walk === null ? [] : [toPage('hardware walk', vcpu.walk)]),
      ...(vcpu.fault.sp === null ? [] : [toPage('fault: sp', vcpu.fault.sp)]),
    ],
  }
}

/** Threads that follow pointers to shadow pages, besides vCPUs. */
const WALKING = ['zapper', 'memslot', 'shrinker', 'notifier', 'aging'] as const

/** Drawn while the thread has a pointer to a page: one that dangles is what a use after free begins with. */
function walkerBox(kvm: Kvm, kind: (typeof WALKING)[number], n: number): Box {
  const { sp } = kvm[kind][n]
  const title = `${kind}[${n}]`
  return { id: title, band: WALKERS, title, cells: [toPage('sp', sp)], gone: sp === null }
}

function tlbCell(kvm: Kvm, v: number, gva: number): Cell {
  const { pfn, w, root } = kvm.vcpu[v].tlb[gva]
  const name = `TLB gva ${gva}`
  if (pfn === null) return { name, text: '-' }
  const below = root === null ? '' : `, root page ${root}`
  const to = kvm.host_page.length > 0 || root === null ? `pfn${pfn}` : `page${root}`
  return { name, text: `pfn ${pfn}${w ? ' W' : ''}${below}`, to, link: 'copy' }
}

function pageBox(kvm: Kvm, p: number): Box {
  const page = kvm.page[p]
  const isGone = page.list === 'free'
  const role = [
    ...(page.role_invalid ? ['invalid'] : []),
    ...(page.role_direct ? ['direct'] : []),
    ...(page.role_guest_mode ? ['guest_mode'] : []),
    ...(page.role_no_write ? ['no write'] : []),
  ]
  const state = [
    ...(page.list === 'active' ? [] : [page.list]),
    ...role,
    ...(page.unsync ? ['unsync'] : []),
    ...(page.root_count > 0 ? [`root_count ${page.root_count}`] : []),
  ]
  return {
    id: `page${p}`,
    band: bandOfLevel(page.level),
    title: `page ${p}`,
    notes: [`gfn ${page.gfn ?? '-'}, gen ${page.mmu_valid_gen}`, state.join(', ')],
    cells: ids(page.spte).map((i) => spteCell(kvm, p, i)),
    gone: isGone,
  }
}

function spteCell(kvm: Kvm, p: number, i: number): Cell {
  const spte: Spte = kvm.page[p].spte[i]
  const name = `spte[${i}]`
  switch (spte.kind) {
    case 'none':
      return { name, text: '-' }
    case 'frozen':
      return { name, text: 'frozen' }
    case 'mmio':
      return { name, text: `MMIO gen ${spte.gen}` }
    case 'non-leaf':
      return toPage(name, spte.child)
    case 'leaf': {
      const bits = [
        ...(spte.w ? ['W'] : []),
        ...(spte.mmuw && !spte.w ? ['MMU-writable'] : []),
        ...(spte.dirty ? ['D'] : []),
      ]
      const text = [`pfn ${spte.pfn ?? '-'}`, ...bits].join(' ')
      return spte.pfn === null ? { name, text } : { name, text, to: `pfn${spte.pfn}` }
    }
  }
}

/** A frame of the guest: where the host and the memslots have it, and which SPTEs map it. */
function frameBox(kvm: Kvm, gfn: number): Box {
  const slot = kvm.slot_of_gfn[gfn]
  const pfn = kvm.host_pte[gfn]
  const mapped = ids(kvm.rmap[gfn]).flatMap((page) =>
    kvm.rmap[gfn][page].elements().map((index): Cell => {
      const name = `rmap ${page}.${index}`
      return { name, text: `page ${page} spte[${index}]`, to: `page${page}.spte[${index}]`, link: 'back' }
    }),
  )
  const state = slot === null ? null : `slot ${slot}: ${kvm.slot[slot].installed}`
  const arrays = slot === null || kvm.slot[slot].arrays === 'allocated' ? [] : ['arrays freed']
  return {
    id: `gfn${gfn}`,
    band: FRAMES,
    title: `gfn ${gfn}`,
    notes: state === null ? [] : [[state, ...arrays].join(', ')],
    cells: [
      pfn === null
        ? { name: 'host PTE', text: 'none' }
        : { name: 'host PTE', text: `pfn ${pfn}`, to: `pfn${pfn}` },
      ...(mapped.length === 0 ? [{ name: 'rmap', text: 'empty' }] : mapped),
    ],
  }
}

function guestTableBox(kvm: Kvm, table: number): Box {
  const entries = kvm.guest_table[table]
  return {
    id: `table${table}`,
    band: GUEST_TABLES,
    title: `guest table in gfn ${table}`,
    cells: ids(entries).map((i): Cell => {
      const { to, w } = entries[i]
      const name = `gpte[${i}]`
      if (to === null) return { name, text: '-' }
      return {
        name,
        text: `gfn ${to}${w ? ' W' : ''}`,
        to: to < kvm.guest_table.length ? `table${to}` : `gfn${to}`,
      }
    }),
  }
}

function hostPageBox(kvm: Kvm, pfn: number): Box {
  const { owner } = kvm.host_page[pfn]
  return {
    id: `pfn${pfn}`,
    band: HOST_PAGES,
    title: `pfn ${pfn}`,
    notes: [`owner: ${owner}`],
    gone: owner !== 'the VM',
  }
}
