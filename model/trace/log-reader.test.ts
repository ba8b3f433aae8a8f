import { describe, expect, it } from 'vitest'
import { readLog } from './log-reader.ts'

const header = (kept: number, written = kept): string =>
  `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${kept}/${written}   #P:3\n#\n`
const line = (time: number | string, cpu = 0): string =>
  `           vcpu0-516     [00${cpu}] d..1. ${String(time).padStart(12)}: kvm_fpu: load\n`

describe('a log', () => {
  it('is read to its end', () => {
    expect(readLog(header(2) + line(1) + line(3)).map(({ time }) => time)).toEqual([1, 3])
  })

  it('may have two events of one CPU with one time', () => {
    expect(readLog(header(2) + line(1) + line(1))).toHaveLength(2)
  })

  it.each([
    [
      'cut between lines',
      header(3) + line(1) + line(2),
      'has 2 events and its header says 3: the log is cut',
    ],
    ['cut inside a line', header(2) + line(1) + line(2).slice(0, 40), 'line 5 has no end: the log is cut'],
    ['empty', '', 'has no events and no header'],
    ['without a header', line(1) + line(2), 'has no line "# entries-in-buffer/entries-written"'],
    ['with lost events', header(2, 9) + line(1) + line(2), 'overflowed (2 of 9 events are left)'],
    [
      'that says it lost events',
      `${header(2) + line(1)}CPU:1 [LOST 12 EVENTS]\n${line(2)}`,
      'events are lost',
    ],
    [
      'whose buffer started late',
      `${header(2)}##### CPU 1 buffer started ####\n${line(1)}`,
      'events are lost',
    ],
    ['joined to another', header(1) + line(1) + header(1) + line(2), 'line 6 begins a second log'],
    ['joined without headers', header(4) + line(1) + line(2) + line(1) + line(2), 'line 7 is earlier than'],
    [
      'with a coarse clock',
      header(2) + line(1, 0) + line(1, 1),
      'has the time of the event before it, on another CPU',
    ],
    ['with the clock global', header(1) + line('12.000345'), 'line 5 has a time in seconds'],
    ['that has more than its header says', header(1) + line(1) + line(2), 'events were added'],
    ['of another format', '{"schema": "mmucheck-result/1"}\n', 'line 1 is not an event'],
    ['binary', '\u0000\u0001\n\u0002', 'line 1 is not text of ftrace'],
    ['one long line', `${'a'.repeat(100_000)}\n`, 'line 1 is not text of ftrace'],
  ])('%s is refused', (_, text, why) => {
    expect(() => readLog(text)).toThrow(why)
  })
})
