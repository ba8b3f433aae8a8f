import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Kernel, TRACED_KERNELS } from './kernel.ts'
import { probeLines } from './recipe.ts'

const kernel = (version: string): Kernel => TRACED_KERNELS.find((k) => k.version === version) as Kernel
const recorded = (version: string): string[] =>
  readFileSync(join(import.meta.dirname, 'testing', `kprobe_events-${version}.txt`), 'utf8')
    .trimEnd()
    .split('\n')

describe('the recipe', () => {
  it.each(['6.12', '7.2'])('sets the probes that logs of %s were recorded with', (version) => {
    expect(probeLines(kernel(version)).toSorted()).toEqual(recorded(version).toSorted())
  })

  it('names the members whose offsets a table does not have', () => {
    const lines = probeLines(kernel('6.1'))
    expect(lines).toContain('p:kx/mmu_unload kvm_mmu_unload vcpu=+{vcpu.vcpu_id}(%di):s32')
    expect(lines.filter((line) => line.includes('wlock_acq'))).toEqual([])
    expect(lines).toContain('p:kx/wlock _raw_write_lock lock=%di:x64')
  })
})
