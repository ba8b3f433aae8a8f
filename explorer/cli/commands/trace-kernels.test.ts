import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { logText, logUpTo } from '../../../model/trace/testing/logs.ts'
import { LOG_AS } from '../../../model/trace/testing/other-kernels.ts'
import { effort } from '../../testing/effort.ts'
import { catalogue } from '../kvm-catalogue.ts'
import { runOn } from '../testing/run-small.ts'

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-kernels-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function traced(version: '6.1' | '7.2', log: string, events: number, ...flags: readonly string[]) {
  const path = join(folder, `${log}-${version}.txt`)
  writeFileSync(path, LOG_AS[version](logUpTo(logText(log), events)), 'latin1')
  const { status, out } = await runOn(catalogue, ['trace', path, ...flags])
  return { status, out: out.join('\n') }
}

const FOLLOWED = ['all hold', 'observations: followed']

/** Where the two kernels do the same. */
const LOGS: readonly (readonly ['6.1' | '7.2', string, number])[] = [
  ['6.1', 's12_rootzap', 300],
  ['7.2', 's12_rootzap', 300],
  ['6.1', 's12_rootzap', 2214],
  ['7.2', 's12_rootzap', 2214],
  ['7.2', 's03_ptesync', 1775],
  ['6.1', 's06_memslot-2500', 2500],
  ['7.2', 's06_memslot-2500', 2500],
  ['7.2', 's10_forkcow', 1400],
]

describe('a log printed as another kernel does', () => {
  it.each(LOGS.slice(0, effort(2, LOGS.length)))(
    'of %s is read and followed: %s',
    async (version, log, events) => {
      const { status, out } = await traced(version, log, events)
      expect(out).toContain(`(${version}, npt=0)`)
      for (const part of FOLLOWED) expect(out).toContain(part)
      expect([status, out.includes('REJECTED')]).toEqual([0, false])
    },
  )

  // 6.1 tests for invalidations under mmu_lock only; 6.12 before it, and retries the fault without taking it.
  it('is rejected where the other kernel does something else', async () => {
    const { status, out } = await traced('6.1', 's01_touch', 400, '--level', '2', '--slice', 'frame')
    expect(status).toBe(1)
    expect(out).toMatch(/no model step: \S+ \[\d+\] \S+ \d+:\s+faultin_ret:/)
  })
})
