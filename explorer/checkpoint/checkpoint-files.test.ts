import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MOST_ARRAY_BYTES } from '../state/array-bounds.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint-files.ts'
import { CheckpointError } from './errors.ts'
import { removeCheckpoint } from './generations.ts'
import { formatManifest, readManifest } from './manifest.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'checkpoint-files-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const place = (...parts: string[]) => join(directory, 'cp', ...parts)
const numbers = Int32Array.of(3, 1, 4, 1, 5)
const write = () => writeCheckpoint(place(), { at: 3 }, { table: [numbers], rest: [Uint8Array.of(9)] })
const generation = () => readManifest(place()).generation
const files = (path: string) => readdirSync(path).sort()

/** Changes what the manifest says, with the checksum that belongs to it. */
function forge(change: (body: ReturnType<typeof readManifest>) => void): void {
  const body = structuredClone(readManifest(place()))
  change(body)
  writeFileSync(place('checkpoint.json'), formatManifest(body))
}

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    expect((error as Error).message).not.toContain('\n')
    return (error as Error).message
  }
  throw new Error('it was accepted')
}

describe('a checkpoint', () => {
  it('is read as it was written, the last of several', () => {
    write()
    writeCheckpoint(place(), { at: 4 }, { table: [numbers.subarray(2), numbers.subarray(0, 2)] })
    const reader = readCheckpoint(place())
    expect(reader.meta).toEqual({ at: 4 })
    expect([...reader.numbers('table', Int32Array)]).toEqual([4, 1, 5, 3, 1])
    expect([reader.bytes('table'), reader.bytes('rest'), reader.bytes('constructor')]).toEqual([20, 0, 0])
    expect(files(place())).toEqual(['checkpoint.json', generation()])
  })

  it('is refused when a byte anywhere in its manifest is another', () => {
    write()
    const text = readFileSync(place('checkpoint.json'))
    for (let at = 0; at < text.length; at++) {
      const other = Buffer.from(text)
      other[at] ^= 1
      writeFileSync(place('checkpoint.json'), other)
      refusal(() => readCheckpoint(place()))
    }
  })

  it('is refused when its checksum does not cover the sections', () => {
    write()
    const text = readFileSync(place('checkpoint.json'), 'utf8')
    const claims = text.replace('"bytes":20', `"bytes":${2 ** 53 - 1}`)
    expect(claims).not.toBe(text)
    writeFileSync(place('checkpoint.json'), claims)
    expect(refusal(() => readCheckpoint(place()))).toContain('the checksum of checkpoint.json is wrong')
  })

  it.each([2 ** 53 - 1, 2 ** 40, 24, 16, 0])('is refused when it claims %i bytes of 20', (bytes) => {
    write()
    forge(({ sections }) => {
      sections.table.bytes = bytes
    })
    expect(refusal(() => readCheckpoint(place()))).toContain('table has another length')
  })

  it.each([2 ** 53, -1, 0.5, '20', null])('is refused when it claims %j bytes', (bytes) => {
    write()
    forge(({ sections }) => {
      sections.table.bytes = bytes as number
    })
    expect(refusal(() => readCheckpoint(place()))).toContain('does not list the parts of a checkpoint')
  })

  it('is refused when it names files elsewhere', () => {
    for (const change of [
      (body: ReturnType<typeof readManifest>) => {
        body.generation = '../generation-abc123'
      },
      (body: ReturnType<typeof readManifest>) => {
        body.sections['../table'] = body.sections.table
      },
    ]) {
      write()
      forge(change)
      expect(refusal(() => readCheckpoint(place()))).toContain('does not list the parts of a checkpoint')
    }
  })

  it('is refused when a file was cut, was added to, or is no file', () => {
    const damages: ((path: string) => void)[] = [
      (path) => truncateSync(path, 12),
      (path) => writeFileSync(path, Buffer.alloc(24)),
      (path) => rmSync(path),
      (path) => {
        rmSync(path)
        mkdirSync(path)
      },
      (path) => {
        renameSync(path, place('elsewhere'))
        symlinkSync(place('elsewhere'), path)
      },
    ]
    for (const damage of damages) {
      write()
      damage(place(generation(), 'table'))
      expect(refusal(() => readCheckpoint(place()))).toContain('table')
      rmSync(place(), { recursive: true })
    }
  })

  it('is refused when the bytes of a file are others, and never read halfway', () => {
    write()
    writeFileSync(place(generation(), 'table'), Buffer.alloc(20))
    const reader = readCheckpoint(place())
    expect(refusal(() => reader.numbers('table', Int32Array))).toContain('the checksum of table is wrong')
    expect(refusal(() => reader.read('table', [new Int32Array(4)]))).toContain('table has another length')
    expect(refusal(() => reader.numbers('table', Float64Array))).toContain('table has another length')
    expect(refusal(() => reader.numbers('other', Int32Array))).toContain('other is missing')
  })

  it('is refused when a section is not a file, though it has the length of one', () => {
    write()
    const path = place(generation(), 'table')
    rmSync(path)
    symlinkSync('x'.repeat(20), path)
    expect(refusal(() => readCheckpoint(place()))).toContain('table is not a regular file')
  })

  it('is refused, in words, when a section is larger than an array can be', () => {
    write()
    const path = place(generation(), 'table')
    truncateSync(path, MOST_ARRAY_BYTES + 4)
    forge(({ sections }) => {
      sections.table.bytes = MOST_ARRAY_BYTES + 4
    })
    const { numbers: numbersOf } = readCheckpoint(place())
    expect(refusal(() => numbersOf('table', Int32Array))).toContain('table is larger than an array can be')
  })

  it('is refused when a file was cut while it was read', () => {
    write()
    const reader = readCheckpoint(place())
    truncateSync(place(generation(), 'table'), 12)
    expect(refusal(() => reader.numbers('table', Int32Array))).toContain('table has another length')
  })

  it('is filled into arrays of exactly its length, or refused', () => {
    write()
    const reader = readCheckpoint(place())
    for (const length of [4, 6])
      expect(refusal(() => reader.read('table', [new Int32Array(length)]))).toContain(
        'table has another length',
      )
    const parts = [new Int32Array(2), new Int32Array(3)]
    reader.read('table', parts)
    expect(parts.flatMap((part) => [...part])).toEqual([...numbers])
  })

  it.skipIf(!existsSync('/proc/self/fd'))('leaves no file open', () => {
    write()
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    const reader = readCheckpoint(place())
    for (let n = 0; n < 50; n++) reader.numbers('table', Int32Array)
    expect(open() - before).toBeLessThan(25)
  })

  it('is refused in words when its manifest is something else', () => {
    write()
    for (const [text, why] of [
      ['{', 'checkpoint.json is not JSON'],
      ['{"schema":"mmucheck-checkpoint/2"}', 'checkpoint.json is not a checkpoint of this version'],
    ]) {
      writeFileSync(place('checkpoint.json'), text)
      expect(refusal(() => readCheckpoint(place()))).toContain(why)
    }
    truncateSync(place('checkpoint.json'), 2 ** 28 + 1)
    expect(refusal(() => readCheckpoint(place()))).toContain('checkpoint.json has 268435457 bytes')
  })

  it('lies in a folder whose name is of the right length', () => {
    write()
    forge((body) => {
      body.generation = `${body.generation}a`
    })
    expect(refusal(() => readCheckpoint(place()))).toContain('does not list the parts of a checkpoint')
  })

  it('whose manifest is not a regular file is not read', () => {
    mkdirSync(place('checkpoint.json'), { recursive: true })
    expect(refusal(() => readCheckpoint(place()))).toContain('not a regular file')
    rmSync(place('checkpoint.json'), { recursive: true })
    symlinkSync('/dev/zero', place('checkpoint.json'))
    expect(refusal(() => readCheckpoint(place()))).toContain('not a regular file')
  })
})

describe('what is not ours', () => {
  it('is not written through a symbolic link', () => {
    const victim = join(directory, 'victim')
    writeFileSync(victim, 'precious')
    mkdirSync(place())
    for (const name of ['checkpoint.json.new', 'generation-1']) symlinkSync(victim, place(name))
    write()
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(files(place())).toEqual(
      ['checkpoint.json', 'checkpoint.json.new', 'generation-1', generation()].sort(),
    )
  })

  it('is not replaced: a checkpoint.json of another program', () => {
    mkdirSync(place())
    for (const text of ['{"weights": 1}', 'not JSON', '{"schema":"other/1"}']) {
      writeFileSync(place('checkpoint.json'), text)
      expect(refusal(write)).toContain('was not written by mmucheck')
      expect(readFileSync(place('checkpoint.json'), 'utf8')).toBe(text)
      expect(files(place())).toEqual(['checkpoint.json'])
    }
  })

  it('is not removed with an old checkpoint', () => {
    mkdirSync(place('generation-1'), { recursive: true })
    mkdirSync(place('generation-abcdef', 'inner'), { recursive: true })
    writeFileSync(place('generation-abcdef', 'table'), 'mine')
    symlinkSync(place('generation-1'), place('generation-linked'))
    write()
    const first = generation()
    writeFileSync(place(first, 'NOTES.txt'), 'mine')
    mkdirSync(place(first, 'folder'))
    write()
    removeCheckpoint(place())
    expect(files(place())).toEqual([first, 'generation-1', 'generation-abcdef', 'generation-linked'].sort())
    expect(files(place(first))).toEqual(['NOTES.txt', 'folder'])
    expect(files(place('generation-abcdef'))).toEqual(['inner', 'table'])
  })

  it('is not removed where there is no checkpoint at all', () => {
    mkdirSync(place('liveness'), { recursive: true })
    for (const name of ['checkpoint.json', 'thesis.tex']) writeFileSync(place('liveness', name), 'mine')
    removeCheckpoint(place('liveness'))
    expect(files(place('liveness'))).toEqual(['checkpoint.json', 'thesis.tex'])
    symlinkSync(place('liveness'), place('linked'))
    removeCheckpoint(place('linked'))
    removeCheckpoint(place('thesis.tex', 'below'))
    expect(existsSync(place('linked'))).toBe(true)
  })
})

it('a checkpoint is removed whole, with those below it, and its folder', () => {
  write()
  writeCheckpoint(place('self-check'), {}, {})
  writeCheckpoint(place('self-check', 'liveness'), {}, {})
  removeCheckpoint(place(), ['liveness', 'self-check'])
  expect(existsSync(place())).toBe(false)
})

it('nothing is left of a checkpoint that could not be written', () => {
  write()
  const before = files(place())
  const failing = {
    *[Symbol.iterator](): Generator<Int32Array> {
      yield numbers
      throw new Error('the disk is full')
    },
  }
  expect(refusal(() => writeCheckpoint(place(), {}, { table: failing }))).toContain('the disk is full')
  expect(files(place())).toEqual(before)
  expect([...readCheckpoint(place()).numbers('table', Int32Array)]).toEqual([...numbers])
})

it('the files of a checkpoint are readable by the owner only, in a folder with an unpredictable name', () => {
  write()
  const first = generation()
  expect(statSync(place(first)).mode & 0o077).toBe(0)
  rmSync(place(), { recursive: true })
  write()
  expect(generation()).not.toBe(first)
})

it('a copied checkpoint is a checkpoint', () => {
  write()
  cpSync(place(), join(directory, 'copy'), { recursive: true })
  expect(readCheckpoint(join(directory, 'copy')).meta).toEqual({ at: 3 })
})
