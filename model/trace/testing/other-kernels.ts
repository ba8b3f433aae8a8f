/**
 * The text of a log of 6.12 as another kernel would have printed it: what `kernel.ts` says of it, and nothing else. The
 * behaviour is that of 6.12.
 */
export const LOG_AS: Readonly<Record<'6.1' | '7.2', (log: string) => string>> = {
  '6.1': (log) => rewritten(log, (line) => (/: (?:wlock_acq|rlock_acq): /.test(line) ? null : as61(line))),
  '7.2': (log) =>
    rewritten(log, (line) =>
      /: (?:mark_unsync|spte_update_nt|tdp_link_sp|tdp_zap_sp): /.test(line) ? null : as72(line),
    ),
}

function rewritten(log: string, change: (line: string) => string | null): string {
  const lines = log.trimEnd().split('\n')
  const events = lines.flatMap((line) => (line.startsWith('#') ? [] : (change(line) ?? [])))
  const header = lines.filter((line) => line.startsWith('#'))
  const counted = header.map((line) => line.replace(/\d+\/\d+/, () => `${events.length}/${events.length}`))
  return `${[...counted, ...events].join('\n')}\n`
}

const ABSENT = /\b(old|new|spte)([=: ]+)(0x)?8000000000000000\b/g

/** "sp gen 0 gfn 13 l1 8-byte q0 direct w-x invalid !nxe ad root 0 sync new" as an event probe prints it. */
const PAGE =
  /: sp gen (\d+) gfn (\w+) l(\d) ([48])-byte q(\d)( direct)? ([-w])([-u])([-x])( invalid)? !?nxe !?ad root (\d+) (sync|unsync)(?: (new|existing))?$/

function as61(line: string): string {
  return line
    .replace(ABSENT, '$1$20x0')
    .replace('kvm_mmu_track_write', 'kvm_mmu_pte_write')
    .replace('__kvm_mmu_zap_all_fast_front_half', 'kvm_mmu_zap_all_fast')
    .replace(PAGE, (...groups) => {
      const [, gen, gfn, level, bytes, quadrant, direct, w, u, x, invalid, rootc, sync, created] = groups
      const access = (x === 'x' ? 1 : 0) + (w === 'w' ? 2 : 0) + (u === 'u' ? 4 : 0)
      const role =
        Number(level) +
        (bytes === '4' ? 16 : 0) +
        Number(quadrant) * 32 +
        (direct === undefined ? 0 : 128) +
        access * 256 +
        (invalid === undefined ? 0 : 0x800)
      const made = created === undefined ? '' : ` created=${created === 'new' ? 1 : 0}`
      return `: gen=${gen} gfn=0x${gfn} role=0x${role.toString(16)} rootc=${rootc} unsync=${sync === 'unsync' ? 1 : 0}${made}`
    })
}

/** Offset of parent_ptes in struct kvm_mmu_page: 72 in 6.12, 80 in 7.2. */
const MOVED = 8

function as72(line: string): string {
  return (
    line
      .replace(/\bkvm_faultin_pfn\b/g, 'kvm_mmu_faultin_pfn')
      .replace(/\bkvm_mmu_zap_collapsible_sptes\b/g, 'kvm_mmu_recover_huge_pages')
      // Bits of the role above those of access are one further up; guest_mode stays.
      .replace(/\brole=0x([0-9a-f]+)/, (_, word: string) => {
        const role = Number.parseInt(word, 16)
        const above = role & 0x1f800
        return `role=0x${((role & ~0x1f800) + ((above << 1) & 0x1f000)).toString(16)}`
      })
      .replace(
        /pte_list_add: \((\S+) \[kvm\]\) spte=(\S+) head=(\S+) old=\S+/,
        (_, fn: string, spte: string, head: string) =>
          `pte_list_add: (${fn} [kvm]) a=0x0 b=${spte} c=${moved(head)} d=0x0`,
      )
      .replace(
        /(pte_list_remove: .* b=)(0x[0-9a-f]+)/,
        (_, before: string, head: string) => before + moved(head),
      )
      .replace(/ gfn (\w+) l(\d) (.*) ([-w])([-u])([-x])( invalid)? /, ' gfn $1 l$2 $3 r$4$5$6$7 ')
  )
}

/** A list of parents is a member of a page; the rmap of a frame is not. */
function moved(head: string): string {
  const address = BigInt(head)
  return head.startsWith('0xffff8') ? `0x${(address + BigInt(MOVED)).toString(16)}` : head
}
