import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { replaceFile, syncFolder, writeNewFile } from './atomic-file.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atomic-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const path = (...parts: string[]) => join(folder, ...parts)

it('a file is written, and replaced, and nothing else is left', () => {
  replaceFile(path('out', 'a.json'), 'one')
  replaceFile(path('out', 'a.json'), 'two')
  expect(readFileSync(path('out', 'a.json'), 'utf8')).toBe('two')
  expect(readdirSync(path('out'))).toEqual(['a.json'])
})

it('no symbolic link is followed, whether of the name itself or of one that can be foreseen', () => {
  writeFileSync(path('victim'), 'precious')
  const names = ['a.json', `a.json.${process.pid}.tmp`, 'a.json.tmp', 'a.json.new', 'a.json.part']
  for (const name of names) symlinkSync(path('victim'), path(name))
  replaceFile(path('a.json'), 'one')
  expect(readFileSync(path('victim'), 'utf8')).toBe('precious')
  expect(readFileSync(path('a.json'), 'utf8')).toBe('one')
  expect(lstatSync(path('a.json')).isSymbolicLink()).toBe(false)
  expect(() => writeNewFile(path('a.json.tmp'), [])).toThrow('EEXIST')
})

it('a file that cannot be renamed into place leaves nothing behind', () => {
  mkdirSync(path('a.json', 'inner'), { recursive: true })
  expect(() => replaceFile(path('a.json'), 'one')).toThrow()
  expect(readdirSync(folder)).toEqual(['a.json'])
})

it('each piece that is written is reported', () => {
  const pieces: number[][] = []
  writeNewFile(path('new'), [Int16Array.of(1, 2), Uint8Array.of(3)], (piece) => pieces.push([...piece]))
  expect(pieces).toEqual([[1, 0, 2, 0], [3]])
  expect([...readFileSync(path('new'))]).toEqual([1, 0, 2, 0, 3])
})

it('a folder that is not there cannot be synchronised', () => {
  syncFolder(folder)
  expect(() => syncFolder(path('nowhere'))).toThrow('ENOENT')
})
