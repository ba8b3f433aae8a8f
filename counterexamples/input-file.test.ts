import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InputError, readInput } from './input-file.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const refusal = (path: string, most = 1 << 20): string => {
  try {
    return `read ${readInput(path, most, { pipes: true }).length}`
  } catch (error) {
    expect(error).toBeInstanceOf(InputError)
    return (error as Error).message
  }
}

describe('a file from outside', () => {
  it('is read whole, also through a link', () => {
    const text = '\u00e9'.repeat(200_000)
    writeFileSync(join(folder, 'a'), text)
    symlinkSync(join(folder, 'a'), join(folder, 'link'))
    expect(readInput(join(folder, 'a'), 400_000)).toBe(text)
    expect(readInput(join(folder, 'link'), 400_000)).toBe(text)
  })

  it('is refused when it is no regular file, at once', async () => {
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const socket = join(folder, 'socket')
    const server = createServer().listen(socket)
    await new Promise((resolve) => server.on('listening', resolve))
    for (const path of [fifo, socket, '/dev/zero', '/dev/full', '/dev/null', '/dev/random'])
      expect([path, refusal(path)]).toEqual([path, 'it is not a regular file'])
    server.close()
    expect(refusal(folder)).toBe('it is a folder')
    expect(refusal(join(folder, 'none'))).toBe('there is no such file')
    expect(refusal(join(folder, 'a', 'none'))).toBe('there is no such file')
  })

  it('is refused when it is too large, whatever its size is said to be', () => {
    writeFileSync(join(folder, 'large'), 'x'.repeat((1 << 20) + 1))
    expect(refusal(join(folder, 'large'))).toBe('it is larger than 1 MiB')
    // A regular file of no size, and of more text than that.
    expect(refusal('/proc/self/maps', 100)).toMatch(/^it is larger than/)
  })
})
