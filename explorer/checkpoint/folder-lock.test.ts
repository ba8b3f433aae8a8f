import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderInUse, lockFolder } from './folder-lock.ts'
import { isGone, type ProcessIdentity, thisProcess } from './process-identity.ts'

let folder = ''
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'lock-')), 'cp')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

const HEX = '0123456789abcdef'
const held = (by: unknown, name = `lock-${HEX}`) => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), typeof by === 'string' ? by : JSON.stringify(by))
}
function refusal(): string {
  try {
    lockFolder(folder).release()
  } catch (error) {
    expect(error).toBeInstanceOf(FolderInUse)
    expect((error as Error).message).not.toContain('\n')
    return (error as Error).message
  }
  throw new Error('it was given')
}

/** A process that does nothing; dead when `end` resolves. */
function bystander(): { child: ChildProcess; end: () => Promise<void> } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const ended = new Promise<void>((resolve) => {
    child.on('exit', () => resolve())
  })
  return {
    child,
    end: () => {
      child.kill('SIGKILL')
      return ended
    },
  }
}

describe('a folder', () => {
  it('is taken once, and again when it was given back', () => {
    const lock = lockFolder(folder)
    expect(refusal()).toBe(
      `${folder} is in use by process ${process.pid}; wait for it, or name another folder`,
    )
    expect(readdirSync(folder)).toHaveLength(1)
    lock.release()
    lockFolder(folder).release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is taken over from a process that is dead', async () => {
    const { child, end } = bystander()
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ')
    held({ ...thisProcess(), pid: child.pid, start: stat[19] })
    expect(refusal()).toContain(`is in use by process ${child.pid};`)
    await end()
    lockFolder(folder).release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is taken over when another process has its number now', () => {
    // Process 1 runs, but it is not the one that was started then.
    for (const pid of [process.pid, 1]) {
      held({ ...thisProcess(), pid, start: '17' })
      lockFolder(folder).release()
      expect(readdirSync(folder)).toEqual([])
    }
  })

  it('is not taken from a process that cannot be examined', () => {
    held({ ...thisProcess(), pid: 2 ** 22 + 1, host: 'elsewhere' })
    expect(refusal()).toContain(`of another machine or container; wait for it, or remove lock-${HEX} there`)
  })

  it('is not taken where the lock cannot be read', () => {
    for (const text of ['', '{"pid":1}', 'x'.repeat(10_000), '{"pid":-1}']) {
      held(text)
      expect(refusal()).toContain(`is locked by lock-${HEX}, which cannot be read`)
    }
  })

  it('is taken where a process died before its lock was whole', () => {
    held('', `lock-${HEX}.tmp`)
    lockFolder(folder).release()
    held({ ...thisProcess(), start: '17' }, `lock-${HEX}.tmp`)
    lockFolder(folder).release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('that cannot be created is not locked, and not reported as in use', () => {
    writeFileSync(folder, '')
    expect(() => lockFolder(folder)).toThrow('EEXIST')
  })
})

describe('a process', () => {
  const here: ProcessIdentity = thisProcess()
  it.each<[string, ProcessIdentity, boolean]>([
    ['this one', here, false],
    ['of this number, started at another time', { ...here, start: '17' }, true],
    ['of this number, started at an unknown time', { ...here, start: null }, false],
    ['with a number that nothing has', { ...here, pid: 2 ** 30 }, true],
    ['before the machine was started again', { ...here, boot: 'another' }, true],
    ['of a machine that does not say when it was started', { ...here, boot: null }, false],
    ['of another machine', { ...here, host: 'elsewhere', pid: 2 ** 30, boot: 'another' }, false],
    ['of another container', { ...here, namespace: 'pid:[1]', pid: 2 ** 30 }, false],
  ])('%s', (_, who, gone) => {
    expect(isGone(who)).toBe(gone)
  })
})
