import { Disagreement } from '../errors.ts'
import type { EventOf, TraceEvent } from '../line.ts'
import { type ReplayThread, type Scene, shown } from './scene.ts'

/** A root as the log has it: page directory and physical address, null for INVALID_PAGE. */
interface Root {
  readonly pgd: number | null
  readonly hpa: number | null
}

/** `struct kvm_mmu` of a vCPU: the current root first. */
type Roots = [Root, Root, Root, Root]

const NO_ROOT: Root = { pgd: null, hpa: null }
const noRoots = (): Roots => [NO_ROOT, NO_ROOT, NO_ROOT, NO_ROOT]

type MmuEvent = EventOf<'mmu_load' | 'new_pgd' | 'free_roots' | 'free_obsolete_roots'>

/** The roots of all vCPUs, as the kernel has them, in root_mmu (0) and guest_mmu (1). */
export class RootTable {
  readonly #scene: Scene
  readonly #mmus: [Roots, Roots][]
  /** Which of the two `vcpu->arch.mmu` points at. */
  readonly #current: number[]

  constructor(scene: Scene) {
    this.#scene = scene
    this.#mmus = Array.from({ length: scene.kvm.vcpu.length }, () => [noRoots(), noRoots()])
    this.#current = Array.from({ length: scene.kvm.vcpu.length }, () => 0)
  }

  /** L2 runs, or ends. */
  nest(v: number, mmu: 0 | 1): void {
    if (this.#scene.kvm.vcpu[v].other_mmu.length === 0 || this.#current[v] === mmu) return
    this.#current[v] = mmu
    this.#scene.kvm.vcpu[v].nested = mmu === 1
    this.#show(v)
  }

  /** `kvm_mmu_new_pgd()` begins. */
  newPgd(event: EventOf<'new_pgd'>): void {
    const { kvm, census } = this.#scene
    const thread = this.#scene.thread(event)
    thread.rootsOf = event.vcpu
    this.#follow(event.vcpu, event.role)
    this.#agree(event, thread, this.#roots(event.vcpu))
    thread.rotated = true
    const isDirect = census.npt && !kvm.vcpu[event.vcpu].nested
    const gfn = event.pgd === null || isDirect ? null : this.#scene.knownGfn(Math.floor(event.pgd / 4096))
    if (gfn !== null) kvm.vcpu[event.vcpu].cr3 = gfn
    this.#scene.stage.took(null)
  }

  /** The page directory that a vCPU enters the guest with. */
  enters({ vcpu, rpgd }: EventOf<'vcpu_run'>): void {
    const isDirect = this.#scene.census.npt && !this.#scene.kvm.vcpu[vcpu].nested
    const gfn = rpgd === null || isDirect ? null : this.#scene.knownGfn(Math.floor(rpgd / 4096))
    if (gfn !== null) this.#scene.kvm.vcpu[vcpu].cr3 = gfn
  }

  /** The current root, printed where only the thread itself changes it: what a rotation of the cache led to shows here. */
  current(event: TraceEvent, v: number, hpa: number | null): void {
    const roots = this.#roots(v)
    const thread = this.#scene.thread(event)
    thread.rootsOf = v
    if (roots[0].hpa === hpa) return
    if (thread.loadsTdpRoot && roots[0].hpa === null) {
      thread.loadsTdpRoot = false
      roots[0] = { pgd: null, hpa }
      return
    }
    if (!thread.rotated)
      throw new Disagreement(event, `the root is ${shown(hpa)}, and ${shown(roots[0].hpa)} is replayed`)
    const found = roots.findIndex((root, i) => i > 0 && root.hpa === hpa && hpa !== null)
    if (found < 0)
      throw new Disagreement(event, `the root is ${shown(hpa)}, which is not among the cached ones`)
    const [root] = roots.splice(found, 1)
    if (roots[0].hpa === null) roots.splice(0, 1)
    roots.unshift(root)
    while (roots.length < 4) roots.push(NO_ROOT)
    this.#show(v)
    this.#scene.stage.took(null)
  }

  /** `kvm_mmu_unload()` begins, in teardown from a thread that runs no vCPU. */
  unload(event: EventOf<'mmu_unload'>): void {
    this.#scene.thread(event).rootsOf = event.vcpu
  }

  /** `kvm_mmu_load()` begins: without a root. */
  load(event: EventOf<'mmu_load'>): void {
    const thread = this.#scene.thread(event)
    thread.rootsOf = event.vcpu
    this.#follow(event.vcpu, event.role)
    this.#agree(event, thread, this.#roots(event.vcpu))
  }

  /** `mmu_alloc_root()` has returned: the page has one holder more, and becomes the root. */
  allocated(event: EventOf<'alloc_root'>): void {
    const { kvm } = this.#scene
    const thread = this.#scene.thread(event)
    const page = this.#scene.pageAt(event.hpa)
    if (page === null || thread.rootsOf < 0)
      throw new Disagreement(event, `root ${shown(event.hpa)} is not the table of a shadow page`)
    kvm.page[page].root_count++
    this.#roots(thread.rootsOf)[0] = { pgd: null, hpa: event.hpa }
    this.#show(thread.rootsOf)
    this.#scene.step(thread, 'LOAD.3')
  }

  /** `__kvm_mmu_free_obsolete_roots()`: of root_mmu, then of guest_mmu. */
  freeObsolete(event: EventOf<'free_obsolete_roots'>): void {
    const { kvm, at, stage } = this.#scene
    const thread = this.#scene.thread(event)
    if (thread.rootsOf < 0) throw new Disagreement(event, 'the thread runs no vCPU')
    const mmu = thread.freesObsolete ? 1 : 0
    thread.freesObsolete = true
    kvm.vcpu[thread.rootsOf].requests.delete('FREE_OBSOLETE_ROOTS')
    at.vcpu[thread.rootsOf] = 'RUN.1/FR.1'
    this.#agree(event, thread, this.#mmus[thread.rootsOf][mmu])
    thread.freeing = { mmu, mask: 0 }
    stage.took(null)
  }

  /** `kvm_mmu_free_roots()` begins. */
  freeRoots(event: EventOf<'free_roots'>): void {
    const thread = this.#scene.thread(event)
    if (thread.rootsOf < 0) return
    const mmu =
      thread.freesObsolete && thread.freeing !== null ? thread.freeing.mmu : this.#mmuOf(event, thread)
    const isMiss = thread.rotated && event.mask === 1
    this.#agree(event, thread, this.#mmus[thread.rootsOf][mmu])
    thread.freeing = { mmu, mask: event.mask }
    if (isMiss) this.#scene.step(thread, 'NP/NP.4')
  }

  /** `mmu_free_root_page()`: a slot is emptied, and the page has one holder less. */
  freeRoot(event: EventOf<'free_root_page'>): void {
    const { kvm } = this.#scene
    const thread = this.#scene.thread(event)
    if (event.root === null || thread.rootsOf < 0) return
    if (thread.freeing === null) throw new Disagreement(event, 'a root is freed outside kvm_mmu_free_roots()')
    const { mmu, mask } = thread.freeing
    const roots = this.#mmus[thread.rootsOf][mmu]
    const slots = [1, 2, 3, 0].filter((slot) => (mask & (1 << slot)) !== 0)
    const slot = slots.find((s) => roots[s].hpa === event.root)
    if (slot === undefined)
      throw new Disagreement(event, `root ${shown(event.root)} is in none of the slots that are freed`)
    thread.freeing = { mmu, mask: mask & ~(1 << slot) }
    roots[slot] = NO_ROOT
    const page = this.#scene.pageAt(event.root)
    if (page !== null) {
      if (kvm.page[page].root_count === 0) throw new Disagreement(event, 'a root is put that nothing holds')
      kvm.page[page].root_count--
    }
    this.#show(thread.rootsOf)
    this.#scene.step(thread, thread.freesObsolete ? 'RUN.1/FR.3' : 'FR.3')
  }

  #roots(v: number): Roots {
    return this.#mmus[v][this.#current[v]]
  }

  /** Which MMU is meant: root_mmu unless its slots are not the printed ones. */
  #mmuOf(event: EventOf<'free_roots'>, thread: ReplayThread): number {
    if (this.#scene.kvm.vcpu[thread.rootsOf].other_mmu.length === 0) return 0
    const current = this.#current[thread.rootsOf]
    return isSame(this.#mmus[thread.rootsOf][current], printed(event)) || thread.rotated
      ? current
      : 1 - current
  }

  /** The role of the current MMU says whether it is that of L2, and what the guest's CR0.WP is. */
  #follow(v: number, role: number): void {
    const { kvm } = this.#scene
    this.nest(v, ((role >>> 17) & 1) as 0 | 1)
    const wpClear = ((role >>> this.#scene.census.kernel.role.cr0_wp) & 1) === 0
    kvm.vcpu[v].cr0_wp_clear = wpClear
    kvm.vcpu[v].root_role_wp_clear = wpClear
  }

  /** Compares all slots, and takes over their order if a rotation came before. */
  #agree(event: MmuEvent, thread: ReplayThread, roots: Roots): void {
    const found = printed(event)
    if (!isSame(roots, found)) {
      const sorted = (all: Roots): string =>
        all
          .map(({ hpa }) => hpa ?? -1)
          .sort((a, b) => a - b)
          .join(' ')
      if (!thread.rotated || sorted(roots) !== sorted(found))
        throw new Disagreement(event, `the roots are ${slots(found)}, and ${slots(roots)} are replayed`)
    }
    for (let i = 0; i < 4; i++) roots[i] = found[i]
    thread.rotated = false
    if (thread.rootsOf >= 0) this.#show(thread.rootsOf)
  }

  /** Writes the roots of a vCPU to the replayed state. */
  #show(v: number): void {
    const { kvm } = this.#scene
    const vcpu = kvm.vcpu[v]
    const put = (
      to: { root: number | null; prev_roots: { [i: number]: number | null } },
      roots: Roots,
    ): void => {
      to.root = this.#scene.pageAt(roots[0].hpa)
      for (let i = 0; i < 3; i++) to.prev_roots[i] = this.#scene.pageAt(roots[i + 1].hpa)
    }
    put(vcpu, this.#roots(v))
    if (vcpu.other_mmu.length > 0) put(vcpu.other_mmu[0], this.#mmus[v][1 - this.#current[v]])
  }
}

function printed({ rpgd, rhpa, p0, h0, p1, h1, p2, h2 }: MmuEvent): Roots {
  return [
    { pgd: rpgd, hpa: rhpa },
    { pgd: p0, hpa: h0 },
    { pgd: p1, hpa: h1 },
    { pgd: p2, hpa: h2 },
  ]
}

const isSame = (a: Roots, b: Roots): boolean => a.every(({ hpa }, i) => hpa === b[i].hpa)
const slots = (roots: Roots): string => roots.map(({ hpa }) => shown(hpa)).join(', ')
