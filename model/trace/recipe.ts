import { type Kernel, offsetIn } from './kernel.ts'
import { type Fields, PROBES, type Probe } from './probes.ts'

/** Most calls at a time for which a return probe waits. */
const MOST_RETURNS = 10
const GROUP = 'kx'

/**
 * The lines for kprobe_events that a log of this kernel is recorded with. Where a table has no offsets, the member
 * stands in their place: `+{vcpu.mmu}(%di)`.
 */
export function probeLines(kernel: Kernel): string[] {
  return Object.entries<Probe>(PROBES).flatMap(([name, probe]) =>
    isRecorded(kernel, name) ? [lineOf(kernel, name, probe)] : [],
  )
}

/** A probe that never fires is recorded all the same where it can be set: a later build may not inline the function. */
const isRecorded = ({ version, unobserved }: Kernel, name: string): boolean =>
  name === 'inv_begin' ||
  (name === 'mark_parents_unsync' ? version === '7.2' : !(unobserved as readonly string[]).includes(name))

function lineOf(kernel: Kernel, name: string, { at, fn, fields }: Probe): string {
  const type = at === 'r' ? `r${MOST_RETURNS}` : 'p'
  const hasValue = !(kernel.noReturnValue as readonly string[]).includes(name)
  const args = hasValue ? (registersOf(kernel, name) ?? argsOf(kernel, fields)) : []
  return [`${type}:${GROUP}/${name}`, kernel.functions[fn] ?? fn, ...args].join(' ')
}

function argsOf(kernel: Kernel, fields: Fields): string[] {
  return Object.entries(fields).map(
    ([field, { fetch, printed }]) =>
      `${printed ?? field}=${kernel.offsets === null ? fetch : withOffsets(kernel, fetch)}`,
  )
}

/** 7.2: the compiler has dropped an argument of pte_list_add(), and its registers are printed by their places. */
function registersOf({ functions }: Kernel, name: string): string[] | null {
  if (name === 'pte_list_add' && functions.pte_list_add !== undefined)
    return ['a=%di:x64', 'b=%si:x64', 'c=%dx:x64', 'd=%cx:x64']
  return null
}

const MEMBER = /\{([\w.]+)(?:\+(\d+))?\}/g

function withOffsets(kernel: Kernel, fetch: string): string {
  return fetch.replace(MEMBER, (_, member: string, more = '0') =>
    String(offsetIn(kernel, member) + Number(more)),
  )
}

/** Tracepoints of a recording, by their folders. */
const EVENTS = ['kvm', 'kvmmmu']
const PAGE_CACHE = 'kvm_mmu_page_header'

/** The whole set-up of a recording, as lines for a shell, with what makes a log unusable. */
export function recipeLines(kernel: Kernel): string[] {
  return [
    `# Records a log for "mmucheck trace" on Linux ${kernel.version}. One VM, from its creation on; AMD or Intel without EPT.`,
    ...(kernel.offsets === null
      ? [
          '# The offsets of this version are not known: replace each {struct.member} by its offset in bytes in your build',
          '# (pahole -C kvm_mmu_page kvm.ko, the same for kvm_vcpu, kvm_mmu, kvm, kvm_page_fault, kvm_gfn_range, vcpu_svm).',
        ]
      : [
          `# Offsets are those of the Debian build of ${kernel.version}: compare them with your kernel first`,
          '# (pahole -C kvm_mmu_page kvm.ko, the same for kvm_vcpu, kvm_mmu, kvm, kvm_page_fault, kvm_gfn_range, vcpu_svm).',
        ]),
    '# Boot with slab_nomerge: the end of a shadow page is kmem_cache_free() in a slab of that name.',
    '# Keep a second, idle VM open meanwhile: the first and the last VM patch the scheduler.',
    'cd /sys/kernel/tracing',
    'echo 0 > tracing_on && echo nop > current_tracer && echo > trace',
    '# One order of all events on all CPUs; with a clock in seconds the log is refused.',
    'echo counter > trace_clock',
    '# Per CPU. If events are lost, the log is refused: then record with more.',
    'echo 24576 > buffer_size_kb',
    '# Real pointers, not their hashes.',
    'echo 0 > options/hash-ptr',
    '# A flag column with the preempt depth.',
    'echo 1 > options/irq-info',
    "cat > kprobe_events <<'END'",
    ...probeLines(kernel),
    'END',
    '# pte_list_add() and others fire for all VMs, _raw_write_lock for all locks: filter by the lock of the VM if there are many.',
    'echo 1 > events/kx/enable',
    ...EVENTS.map((folder) => `echo 1 > events/${folder}/enable`),
    `echo 'name == "${PAGE_CACHE}"' > events/kmem/kmem_cache_free/filter`,
    'echo 1 > events/kmem/kmem_cache_free/enable',
    'echo 1 > tracing_on',
    '# ... create the VM, run it, end it ...',
    'echo 0 > tracing_on',
    '# The file trace, not trace_pipe: its header says whether events were lost.',
    'cat trace | gzip > log.txt.gz',
  ]
}
