import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatCounterexample, idOf, parseCounterexample } from '../../counterexamples/counterexample-file.ts'
import { catalogue } from './kvm-catalogue.ts'
import { type Ran, runOn, runSmall } from './testing/run-small.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-kernel-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = (...args: string[]): Promise<Ran> => runOn(catalogue, args)
const PREFAULT = ['prefault-loop', '--property', 'no-fault-retried-for-ever']

describe('check --kernel', () => {
  it('finds what an older kernel does otherwise, and replays it on that kernel', async () => {
    const newest = await run('check', ...PREFAULT, '--out', folder, '--json')
    expect(newest.status).toBe(0)
    expect(JSON.parse(newest.out.join('')).checks[0].kernel).toBeNull()

    const older = await run('check', ...PREFAULT, '--kernel', '6.12', '--out', folder, '--json')
    expect(older.status).toBe(1)
    expect(JSON.parse(older.out.join('')).checks[0].kernel).toBe('6.12')
    const file = join(folder, readdirSync(folder)[0])
    expect(parseCounterexample(readFileSync(file, 'utf8'), file).kernel).toBe('6.12')
    const replayed = await run('replay', file)
    expect(replayed).toMatchObject({
      status: 0,
      out: [expect.stringContaining('upstream on Linux 6.12 viol')],
    })
    const shown = await run('show', file)
    expect(shown.out).toContain('kernel    Linux 6.12')
    expect(shown.out.join('\n')).toContain('--kernel 6.12 --design upstream')
  })

  it('does not replay it on the newest kernel', async () => {
    await run('check', ...PREFAULT, '--kernel', '6.12', '--out', folder)
    const file = join(folder, readdirSync(folder)[0])
    const { kernel: _, ...rest } = parseCounterexample(readFileSync(file, 'utf8'), file)
    writeFileSync(file, formatCounterexample({ ...rest, id: idOf(rest) }))
    expect((await run('replay', file)).status).not.toBe(0)
  })

  it.each([
    ['a kernel that is not modelled', ['--kernel', '5.19'], 'no kernel is called "5.19"'],
    [
      'a scenario that the kernel lacks',
      ['prefault-loop', '--kernel', '6.1'],
      'KVM_PRE_FAULT_MEMORY, which came with v6.11',
    ],
    [
      'a design that does not sit on it',
      ['--design', 'aging-under-mmu-lock', '--kernel', 'v6.12.117'],
      'does not sit on Linux 6.12.117: it is a change of 7.2',
    ],
  ])('refuses %s', async (_, args, why) => {
    const { status, err } = await run('check', ...args)
    expect(status).toBe(2)
    expect(err.join(' ')).toContain(why)
  })

  it('refuses a design file that names other kernels', async () => {
    const file = join(folder, 'own.json')
    const patches = [{ op: 'drop', name: 'CM.2' }]
    writeFileSync(file, JSON.stringify({ id: 'own', title: 'mine', kernels: ['6.12'], patches }))
    const scenario = 'roots-zap-one'
    const { status, err } = await run('check', scenario, '--design', file, '--kernel', '7.2')
    expect([status, err.join(' ')]).toEqual([2, expect.stringContaining('it is a change of 6.12')])
    expect((await run('check', scenario, '--design', file, '--kernel', '6.12', '--out', folder)).status).toBe(
      1,
    )
  })

  it('is refused where there is one kernel only', async () => {
    const { status, err } = await runSmall(['check', '--kernel', '6.1'])
    expect([status, err.join(' ')]).toEqual([2, expect.stringContaining('there is only one kernel here')])
  })
})

describe('what differs between kernels', () => {
  it('is listed with each kernel', async () => {
    const { out } = await run('list', 'kernels', '--json')
    const kernels = JSON.parse(out.join('\n')) as { id: string; release: string; undone: { id: string }[] }[]
    expect(kernels.map(({ id, release }) => [id, release])).toEqual([
      ['6.1', '6.1.192'],
      ['6.12', '6.12.117'],
      ['7.2', '7.2.13'],
    ])
    expect(kernels[1].undone.map(({ id }) => id)).toContain('aging-without-mmu-lock')
  })

  it('is printed step by step by diff', async () => {
    const { out } = await run('diff', '--kernel', '7.2', '6.1')
    expect(out).toContain('  + vcpu.TRACK/TR.2: kvm_mmu_track_write(): smp_mb() [v6.9..v7.2]')
    expect(out.some((line) => line.startsWith('  - vcpu.INVLPG/IV.5'))).toBe(true)
    const nearer = await run('diff', '--kernel', '6.12', '7.2')
    expect(nearer.out.join('\n')).not.toContain('TR.2')
    expect((await run('diff', '--kernel', '6.1')).status).toBe(2)
  })

  it('is said of each step', async () => {
    const { out } = await run('explain', 'AG.2')
    expect(out.join('\n')).toMatch(/in 6\.1 +not so: before aging-without-mmu-lock \(v6\.15\)/)
    expect((await run('explain', 'AG.2', '--kernel', '6.1')).out.join('\n')).toContain(
      'kvm_handle_hva_range()',
    )
    expect((await run('explain', 'aging-without-mmu-lock')).out.join('\n')).toContain('~ aging.AG.2')
  })
})
