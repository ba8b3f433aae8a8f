import { describe, expect, it } from 'vitest'
import { censusOf } from './census.ts'
import { TRACED_KERNELS } from './kernel.ts'
import { readLog } from './log-reader.ts'
import { logText, withCount } from './testing/logs.ts'

const census = (text: string) => censusOf(readLog(text, { strict: true }))

describe('the census of a log', () => {
  it('has the VM, its threads and what they used', () => {
    const found = census(logText('s12_rootzap'))
    expect(found).toMatchObject({
      events: 2214,
      kvm: 0xc90000921000,
      vcpus: 2,
      pagesBuilt: 12,
      mostPages: 10,
      npt: false,
      tdpMmu: false,
      nested: false,
      zaps: 16,
      zapAlls: 0,
      mostNotifiers: 1,
      invalidations: 0,
      teardown: 2013,
    })
    expect(found.kernel.version).toBe('6.12')
    expect(found.threads.map(({ comm, vcpu }) => [comm, vcpu])).toEqual([
      ['host', null],
      ['vcpu1', 1],
      ['kvm-nx-lpage-re', null],
      ['vcpu0', 0],
    ])
    expect([...found.pgds]).toEqual([0x18, 0x10])
    expect(found.slots.size).toBe(2)
  })

  it('counts a page again whose address was used before', () => {
    const { pagesBuilt, mostPages } = census(logText('s03_ptesync'))
    expect([pagesBuilt, mostPages]).toEqual([14, 13])
  })

  it('refuses another VM in the same log', () => {
    const lines = logText('s01_touch').split('\n')
    const at = lines.findLastIndex((line) => line.includes(' free_roots: '))
    lines[at] = lines[at].replace(/kvm=0x\w+/, 'kvm=0xffffc90000111000')
    expect(() => census(lines.join('\n'))).toThrow(/^line \d+ \(.+\) is of another VM/)
  })

  it('refuses a log that continues after the VM was torn down', () => {
    const lines = logText('s01_touch').split('\n')
    const torn = lines.findIndex((line) => line.includes(' flush_shadow_all: '))
    const runs = lines.findIndex((line) => line.includes(' vcpu_run: '))
    // Both lines keep the times of their places.
    const time = / (\d+): /
    const [early, late] = [time.exec(lines[runs])?.[0] ?? '', time.exec(lines[torn])?.[0] ?? '']
    ;[lines[runs], lines[torn]] = [lines[torn].replace(late, early), lines[runs].replace(early, late)]
    expect(() => census(lines.join('\n'))).toThrow('after the VM was torn down')
  })

  it('refuses a log without a VM, and a kernel that it is not of', () => {
    const lines = logText('s01_touch').trimEnd().split('\n')
    expect(() => census(withCount(lines.filter((line) => !line.includes(' free_roots: '))))).toThrow(
      'there is no VM in it',
    )
    const older = TRACED_KERNELS.find(({ version }) => version === '6.1') ?? null
    expect(() => censusOf(readLog(logText('s01_touch')), older)).toThrow('is of 6.12 by its functions')
  })
})
