import { describe, expect, it } from 'vitest'
import { LogError } from './errors.ts'
import { parseLine } from './line.ts'

const HEAD = '           vcpu1-516     [001] d..1.         1732: '
const event = (text: string) => parseLine(HEAD + text, 7, { strict: true })

describe('a line', () => {
  it('has a thread, a CPU, flags and a time', () => {
    expect(event('flush_remote: (kvm_flush_remote_tlbs+0x4/0x50 [kvm])')).toEqual({
      name: 'flush_remote',
      line: 7,
      time: 1732,
      comm: 'vcpu1',
      tid: 516,
      cpu: 1,
      depth: 1,
      fn: 'kvm_flush_remote_tlbs',
    })
  })

  it.each([
    [' kvm-nx-lpage-re-583     [001] .....           12: kvm_fpu: load', 'kvm-nx-lpage-re', 583],
    ['          <idle>-0       [000] ..s2.           12: kvm_fpu: load', '<idle>', 0],
    ['  a-1 [000] b-22-77      [002] dNs3.           12: kvm_fpu: load', 'a-1 [000] b-22', 77],
    ['  Web Content 1 -4194304 [010] dNs3.           12: kvm_fpu: load', 'Web Content 1', 4194304],
    ['kvm-nx-lpage-re-583     [001] .....           12: kvm_fpu: load', 'kvm-nx-lpage-re', 583],
    ['vcpu1-516     [001] d..1.         1732: kvm_fpu: load', 'vcpu1', 516],
  ])('has a task name with blanks and dashes: %s', (text, comm, tid) => {
    expect(parseLine(text, 1)).toMatchObject({ comm, tid, name: 'other', event: 'kvm_fpu', known: true })
  })

  it('keeps what does not fit a number', () => {
    expect(
      event(
        'spte_update: (mmu_spte_update+0x0/0x1a0 [kvm]) sptep=0xffff88800b201008 old=0x8000000000000000 new=0xc22ea21',
      ),
    ).toMatchObject({ sptep: 0x88800b201008, old: '8000000000000000', new: 'c22ea21' })
  })

  it('has no page where the kernel has none', () => {
    expect(
      event('alloc_root: (kvm_mmu_load+0x7b2/0x8d0 [kvm] <- mmu_alloc_root) hpa=0xffffffffffffffff'),
    ).toMatchObject({ hpa: null, fn: 'kvm_mmu_load' })
    expect(
      event(
        'stale_chk: (is_page_fault_stale+0x0/0xf0 [kvm]) vcpu=0 gfn=0x10000 fseq=0 pfn=0x8000000000000000 kseq=0 inprog=0 pending=0x8000000000 rhpa=0xb4a0000',
      ),
    ).toMatchObject({ pfn: null, pending: 0x8000000000, rhpa: 0xb4a0000 })
  })

  it('reads registers that a probe prints by their letters, of both kernels', () => {
    expect(
      event('pte_list_remove: (pte_list_remove.isra.0+0x0/0xd0 [kvm]) a=0x10 b=0x20 c=0x0'),
    ).toMatchObject({
      spte: 0x10,
      head: 0x20,
    })
    expect(
      event('pte_list_add: (pte_list_add.isra.0+0x0/0xb0 [kvm]) a=0x1 b=0x10 c=0x20 d=0x0'),
    ).toMatchObject({
      name: 'pte_list_add',
      spte: 0x10,
      head: 0x20,
    })
    expect(event('pte_list_add: (pte_list_add+0x0/0xb0 [kvm]) spte=0x10 head=0x20 old=0x0')).toMatchObject({
      spte: 0x10,
      head: 0x20,
    })
  })

  it('describes a page as each kernel prints it', () => {
    const table = { gen: 1, gfn: 0x13, level: 1, bytes: 8, quadrant: 0, direct: '', rootc: 0 }
    expect(
      event('kvm_mmu_get_page: sp gen 1 gfn 13 l1 8-byte q0 w-x nxe ad root 0 unsync existing'),
    ).toMatchObject({ ...table, access: 'w-x', invalid: '', sync: 'unsync', created: 'existing' })
    expect(
      event(
        'kvm_mmu_prepare_zap_page: sp gen 1 gfn 13 l1 8-byte q0 direct rw-x invalid !nxe !ad root 0 sync',
      ),
    ).toMatchObject({ ...table, direct: ' direct', access: 'rw-x', invalid: ' invalid', created: '' })
    expect(
      event(
        'kvm_mmu_get_page: (kvmmmu.kvm_mmu_get_page) gen=1 gfn=0x13 role=0x3301 rootc=0 unsync=0 created=1',
      ),
    ).toMatchObject({ ...table, access: 'w-x', invalid: '', sync: 'sync', created: 'new' })
  })

  it('has the word of user space', () => {
    expect(event('tracing_mark_write: HOST dontneed gfn=10000 n=1 begin')).toMatchObject({
      name: 'mark',
      text: 'HOST dontneed gfn=10000 n=1 begin',
    })
  })

  it.each([
    ['wlock: (_raw_write_lock+0x4/0x30) lock=0xffffc9000092100', null],
    ['wlock: (_raw_write_lock+0x4/0x30) lock=', 'cut'],
    ['wlock: (_raw_write_lock+0x4/0x30)', 'cut'],
    ['wlock: (_raw_write_lo', 'cut'],
    ['wlock: (_raw_write_lock+0x4/0x30) lock=0x12 extra=1', 'cut'],
    ['vcpu_run: (svm_vcpu_run+0x4/0x850 [kvm_amd]) vcpu=x pending=0x0', 'cut'],
    ['kvm_mmu_set_spte: gfn 1 spte c22ea21 (r-x-) level 1 a', 'cut'],
    ['sched_switch: prev_comm=a', 'not known'],
    ['kvm_entr', 'not an event'],
  ])('that is torn is refused: %s', (text, why) => {
    if (why === null) expect(event(text)).toMatchObject({ name: 'wlock' })
    else expect(() => event(text)).toThrow(why)
  })

  it('without strictness keeps an unknown kind by its name', () => {
    expect(parseLine(`${HEAD}sched_switch: prev_comm=a`, 1)).toMatchObject({
      name: 'other',
      event: 'sched_switch',
      known: false,
    })
  })

  it('with a clock in seconds is refused', () => {
    const seconds = '           vcpu1-516     [001] d..1.    17.320001: kvm_fpu: load'
    expect(() => parseLine(seconds, 3)).toThrow('line 3 has a time in seconds')
  })

  it('of another format is refused, in one printable line', () => {
    for (const text of ['{"a": 1}', 'vcpu1', '', 'cpu=0\u001b[31m', '-'.repeat(3000)]) {
      const refused = (): unknown => parseLine(text, 1)
      expect(refused).toThrow(LogError)
      expect(refused).toThrow(/^[ -~]{1,200}$/)
    }
  })
})
