import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { logText, logUpTo, withCount } from '../../../model/trace/testing/logs.ts'
import { catalogue } from '../kvm-catalogue.ts'
import { CHECKER, runOn, runSmall } from '../testing/run-small.ts'
import { traceSchema } from '../trace/trace-json.ts'

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-trace-'))
afterAll(() => rmSync(folder, { recursive: true }))

const fixture = (name: string): string =>
  join(import.meta.dirname, '..', '..', '..', 'model', 'trace', 'logs', `${name}.txt.gz`)
const runTrace = (...args: readonly string[]) => runOn(catalogue, ['trace', ...args])

let files = 0
function file(contents: string | Buffer, name = `log${files++}.txt`): string {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

const S01 = logText('s01_touch')
const LINES = S01.trimEnd().split('\n')
const HEADERS = LINES.filter((line) => line.startsWith('#'))
const EVENTS = LINES.filter((line) => !line.startsWith('#'))

describe('level 1', () => {
  it.each(['s01_touch', 's02_cr3', 's12_rootzap'])('holds on %s', async (name) => {
    const { status, out, err } = await runTrace(fixture(name), '--level', '1', '--strict')
    expect([status, err]).toEqual([0, []])
    expect(out.join(' ')).toContain(' states: all hold (')
    expect(out.at(-1)).toBe('1 log: 1 followed')
  })

  it('gives the same as data, with what is not observed', async () => {
    const { status, out } = await runTrace(fixture('s12_rootzap'), '--level', '1', '--json')
    const { logs } = traceSchema.parse(JSON.parse(out.join('\n')))
    expect([status, logs.length, logs[0].verdict, logs[0].events]).toEqual([0, 1, 'followed', 2214])
    const judged = new Map(logs[0].states?.properties.map((property) => [property.id, property.judged]))
    expect(judged.get('parent-links-match')).toBeGreaterThan(10)
    expect(judged.get('page-on-one-list')).toBeGreaterThan(10)
    const missing = new Map(logs[0].states?.notObserved.map((property) => [property.id, property.missing]))
    expect(missing.get('synced-page-agrees')).toBe('what it is about leaves no event')
  })

  it('names a property that a probe is missing for, and does not judge it', async () => {
    const without = withCount(
      LINES.filter((line) => !line.includes(' wlock_acq: ') && !line.includes(' wlock: ')),
    )
    const { out } = await runTrace(file(without), '--level', '1', '--verbose')
    const text = out.join(' ').replace(/\s+/g, ' ')
    expect(text).toContain('parent-links-match: not observed, no event wlock')
  })

  it('prints the changes of a page, a vCPU or a frame', async () => {
    const { out } = await runTrace(fixture('s01_touch'), '--level', '1', '--watch', 'vcpu=0')
    expect(out).toContain('  line 82: at.vcpu[0] RUN.0 -> RUN.8')
  })
})

describe('level 2', () => {
  it('follows a log, and rejects a design that it is no behaviour of', async () => {
    const path = file(logUpTo(logText('s12_rootzap'), 720))
    const followed = await runTrace(path, '--level', '2', '--slice', 'roots')
    expect([followed.status, followed.out.at(-1)]).toEqual([0, '1 log: 1 followed'])
    const rejected = await runTrace(path, '--level', '2', '--slice', 'roots', '--design', 'reload-all-roots')
    expect([rejected.status, rejected.out.at(-1)]).toEqual([1, '1 log: 1 rejected'])
    expect(rejected.out.join('\n')).toMatch(/roots +\d+ observations: REJECTED at line \d+/)
  })

  it('takes a design that is code, as one that is data', async () => {
    const path = file(S01)
    const head = { id: 'mine', title: 'previous roots are not tested', scenarios: ['roots-zap-one'] }
    const data = file(JSON.stringify({ ...head, patches: [{ op: 'drop', name: 'OB.1 prev' }] }), 'mine.json')
    const code = file(
      `import { drop } from 'mmucheck/language'
export default { ...${JSON.stringify(head)}, patches: [drop('OB.1 prev')] }
`,
      'mine.ts',
    )
    const flags = ['--level', '2', '--slice', 'frame', '--design']
    const [byData, byCode] = [await runTrace(path, ...flags, data), await runTrace(path, ...flags, code)]
    expect(byCode.out.join('\n')).toContain('not followed: the design changes what this slice leaves out')
    expect([byCode.err, byCode.status, byCode.out]).toEqual([byData.err, byData.status, byData.out])
  })

  it('says of a design that changes nothing in a slice that it was not followed there', async () => {
    const path = file(logUpTo(logText('s12_rootzap'), 720))
    for (const level of [[], ['--level', '2']]) {
      const { status, out } = await runTrace(path, ...level, '--slice', 'frame', '--design', 'R1')
      expect([status, out.at(-1)]).toEqual([4, '1 log: 1 inconclusive'])
      expect(out.join('\n')).toContain('not followed: the design changes what this slice leaves out')
    }
  })

  it('says of a design with a step that cannot be taken in a slice that it was not followed there', async () => {
    const path = file(logUpTo(logText('s03_ptesync'), 720))
    const flags = ['--level', '2', '--slice', 'table', '--design', 'sync-maps-a-table-writable']
    const { status, out } = await runTrace(path, ...flags)
    expect([status, out.at(-1)]).toEqual([4, '1 log: 1 inconclusive'])
    expect(out.join('\n')).toContain('not followed: the design uses what this slice leaves out')
  })
})

describe('a broken log', () => {
  const gz = gzipSync(S01)
  const damaged = Buffer.from(gz)
  damaged.fill(0x55, damaged.length - 8, damaged.length - 4)
  it.each([
    ['cut gzip', () => file(gz.subarray(0, gz.length >> 1), 'cut.txt.gz'), 'its gzip data is cut'],
    ['damaged gzip', () => file(damaged, 'damaged.txt.gz'), 'its gzip data is damaged'],
    ['cut between lines', () => file(`${LINES.slice(0, 300).join('\n')}\n`), 'the log is cut'],
    ['cut in a line', () => file(S01.slice(0, -20)), 'has no end: the log is cut'],
    ['joined to itself', () => file(S01 + S01), 'begins a second log'],
    ['joined without a header', () => file(withCount([...HEADERS, ...EVENTS, ...EVENTS])), 'is earlier than'],
    [
      'joined to a later one',
      () => file(withCount([...HEADERS, ...EVENTS, ...laterEvents()])),
      'of another VM',
    ],
    [
      'with equal times',
      () => file(withCount([...HEADERS, ...sameTime()])),
      'has the time of the event before it',
    ],
    ['with the clock global', () => file(S01.replace(/ (\d+): /g, ' 0.$1: ')), 'has a time in seconds'],
    ['that lost events', () => file(S01.replace('789/789', '789/9999')), 'the buffers overflowed'],
    ['of another format', () => file('{"schema": 1}\n'), 'is not an event of an ftrace text log'],
    [
      'binary',
      () => file(Buffer.concat([Buffer.alloc(9000, 0xff), Buffer.from('\n')])),
      'is not text of ftrace',
    ],
    ['empty', () => file(''), 'has no events and no header'],
    ['a folder without logs', () => mkdtempSync(join(folder, 'empty-')), 'has no logs'],
    ['not there', () => join(folder, 'none.txt'), 'there is no such file'],
    ['a FIFO', () => fifo(), 'it is not a regular file'],
    ['of 1 MiB without a line', () => file(Buffer.alloc(1 << 20, 0x61)), 'a line is longer than'],
    [
      'that begins too late',
      () => file(withCount([...HEADERS, ...EVENTS.slice(200)])),
      'the log begins after the VM was running',
    ],
  ])('%s ends in one line and status 2', async (_, make, why) => {
    const { status, out, err } = await runTrace(make(), '--level', '1')
    expect([status, err.join(' ')]).toEqual([2, expect.stringContaining(why)])
    expect(out.join(' ')).not.toContain('followed')
  })

  function laterEvents(): string[] {
    const offset = 1_000_000
    return EVENTS.map((line) =>
      line
        .replace(/ (\d+): /, (_, time: string) => ` ${Number(time) + offset}: `)
        .replaceAll('0xffffc90000', '0xffffc90001'),
    )
  }

  function sameTime(): string[] {
    return EVENTS.map((line) => line.replace(/\[00(\d)\] (\S+) +\d+: /, '[00$1] $2 7: '))
  }

  function fifo(): string {
    const path = join(folder, 'fifo')
    execFileSync('mkfifo', [path])
    return path
  }

  it('does not stop the logs after it', async () => {
    const { status, out, err } = await runTrace(file('no log\n'), fixture('s01_touch'), '--level', '1')
    expect([status, err.length]).toEqual([2, 1])
    expect(out.at(-1)).toBe('2 logs: 1 followed, 1 not readable')
  })
})

describe('a folder of logs', () => {
  const logs = mkdtempSync(join(folder, 'logs-'))
  for (const [name, log] of [
    ['a/s01.txt', S01],
    ['b/s01.txt', 'no log\n'],
    ['b/s02.txt.gz', gzipSync(logUpTo(S01, 400))],
  ] as const) {
    mkdirSync(dirname(join(logs, name)), { recursive: true })
    writeFileSync(join(logs, name), log)
  }

  it('is traced in the order of the names, whichever is done first', async () => {
    const { status, out, err } = await runTrace(logs, '--level', '1')
    expect([status, err]).toEqual([2, [expect.stringMatching(/^mmucheck: b\/s01\.txt: /)]])
    const table = out.slice(out.findIndex((line) => line.startsWith('log ')))
    expect(table.map((line) => line.split(/ {2,}/))).toEqual([
      ['log', 'of', 'events', 'level 1'],
      ['a/s01.txt', '6.12, npt=0', '789', expect.stringMatching(/^\d+ hold$/)],
      ['b/s01.txt', 'not readable'],
      ['b/s02.txt.gz', '6.12, npt=0', '400', expect.stringMatching(/^\d+ hold$/)],
      [''],
      ['3 logs: 2 followed, 1 not readable'],
    ])
    expect(out.filter((line) => line.includes(' events, ')).map((line) => line.split(' ')[0])).toEqual([
      'a/s01.txt',
      'b/s02.txt.gz',
    ])
  })

  it('is left where the run is interrupted', async () => {
    const interrupt = new AbortController()
    interrupt.abort(130)
    const { status, out } = await runOn(catalogue, ['trace', logs], { signal: interrupt.signal })
    expect([status, out]).toEqual([130, ['interrupted after 0 of 3 logs']])
  })
})

describe('standard input', () => {
  it('is read as a file is', async () => {
    const { status, out } = await runSmall(['trace', '-', '--level', '1'], {
      ...CHECKER,
      catalogue,
      typed: LINES,
    })
    expect([status, out.at(-1)]).toEqual([0, '1 log: 1 followed'])
  })
})

describe('copies with one change', () => {
  it('are noticed, or listed', async () => {
    const path = file(logUpTo(S01, 150))
    const { status, out } = await runTrace(path, '--level', '1', '--tamper', '1')
    const [, copies, noticed] = /: (\d+) copies, (\d+) noticed/.exec(out[0]) ?? []
    expect([status, out.length - 1]).toEqual([0, Number(copies) - Number(noticed)])
    expect(Number(noticed)).toBeGreaterThan(10)
    expect(out.slice(1).every((line) => line.startsWith('  not noticed: '))).toBe(true)
  })
})

describe('the recipe', () => {
  it('has the probes, the clock and the header', async () => {
    const { status, out } = await runTrace('--recipe', '6.12')
    const text = out.join('\n')
    expect(status).toBe(0)
    expect(text).toContain('echo counter > trace_clock')
    expect(text).toContain('r10:kx/get_sp __kvm_mmu_get_shadow_page sp=$retval:x64 spt=+48($retval):x64')
  })

  it('is not given for a kernel that has none', async () => {
    const { status, err } = await runTrace('--recipe', '5.4')
    expect([status, err.join(' ')]).toEqual([2, expect.stringContaining('kernel')])
  })
})
