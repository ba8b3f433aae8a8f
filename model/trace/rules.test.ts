import { describe, expect, it } from 'vitest'
import { TRACED_KERNELS } from './kernel.ts'
import { readLog } from './log-reader.ts'
import { LogRules } from './rules.ts'
import { logText, logUpTo } from './testing/logs.ts'

const kernel = TRACED_KERNELS.find(({ version }) => version === '6.12') as (typeof TRACED_KERNELS)[number]

/** The rules that a log breaks, each with the event that does. */
function broken(text: string, vcpus: number): string[] {
  const rules = new LogRules(kernel, vcpus)
  const events = readLog(text)
  const end = events.findIndex(({ name }) => name === 'mn_release')
  return events.slice(0, end < 0 ? undefined : end).flatMap((event) => {
    const rule = rules.check(event)
    return rule === null ? [] : [`${event.name}: ${rule}`]
  })
}

const lines = (text: string): string[] => text.split('\n')

describe('the rules of all logs', () => {
  it.each([
    ['s02_cr3', 1],
    ['s10_forkcow', 1],
    ['s12_rootzap', 2],
    ['s15_nested-npt1', 1],
    ['s16_roles', 1],
  ])('are kept by %s', (name, vcpus) => {
    expect(broken(logText(name), vcpus)).toEqual([])
  })

  const zap = logUpTo(logText('s12_rootzap'), 720)
  const change = (event: string, from: string | RegExp, to: string): string => {
    const at = lines(zap).findIndex((line) => line.includes(` ${event}: `) && line.search(from) >= 0)
    return lines(zap).with(at, lines(zap)[at].replace(from, to)).join('\n')
  }

  it.each([
    ['wunlock', '1000', '2000', 'wunlock: the lock that was taken is released'],
    ['req_vcpu', 'vcpu=1', 'vcpu=0', 'req_vcpu: a request to all vCPUs is sent to each of them, by index'],
    ['vcpu_run', /scr3=0x\w+/, 'scr3=0x1000', 'vcpu_run: the hardware has the root of the MMU'],
    [
      'stale_chk',
      'kseq=0',
      'kseq=1',
      'stale_chk: mmu_invalidate_seq counts the invalidations that have ended',
    ],
    ['alloc_root', /hpa=0x\w+/, 'hpa=0x1000', 'load_pgd'],
    ['get_sp', 'gfn=0x10', 'gfn=0x11', 'get_sp: the page that is looked up is returned'],
    ['mmu_load', 'p0=0x10000', 'p0=0x11000', 'mmu_load: a root is cached with the page directory'],
    ['kvm_exit', 'vcpu 1', 'vcpu 0', 'kvm_exit: a thread runs one vCPU only'],
  ])('are broken by a change of %s', (event, from, to, rule) => {
    const found = broken(change(event, from, to), 2)
    if (rule === 'load_pgd') expect(found).not.toEqual([])
    else expect(found[0]).toContain(rule)
  })

  it('notice that an event is missing', () => {
    const missing = (name: string): string[] => {
      const at = lines(zap).findLastIndex((line) => line.includes(` ${name}: `))
      const cut = lines(zap).toSpliced(at, 1).join('\n')
      return broken(cut.replaceAll('720/720', '719/719'), 2)
    }
    expect(missing('stale_chk')[0]).toBe('stale_ret: is_page_fault_stale() calls nothing')
    expect(missing('get_sp')[0]).toContain('a page that is looked up is returned')
    expect(missing('load_pgd')[0]).toBe('vcpu_run: a root is loaded before the guest runs on it')
  })
})
