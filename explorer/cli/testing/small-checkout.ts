import { type ChildProcess, spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ended, PLAIN } from './built-programs.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** What decides how a checkout is built and started, taken over as it is. */
const TAKEN = [
  '.ci',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'explorer/cli/mmucheck.cjs',
  'explorer/cli/launch.cjs',
]

const PROGRAM = `import { word } from '../model/word.ts'
console.log(word)
process.exitCode = 0
`

/** A checkout with a program of two files in place of ours, because a build of ours takes seconds. */
export interface SmallCheckout {
  readonly folder: string
  /** Writes a source file. The program prints the `word` that model/word.ts exports. */
  write(path: string, text: string): void
  /** Starts the command in a new process group. */
  begin(): { readonly child: ChildProcess; readonly ended: Promise<Ended> }
  /** Names below dist, hidden ones included. */
  built(): string[]
  /** Whether the build of this name below dist is complete: each file that its stamp lists is there, in full. */
  isWhole(name: string): boolean
}

/** Makes one in the temporary folder. */
export function smallCheckout(): SmallCheckout {
  const folder = mkdtempSync(join(tmpdir(), 'mmucheck-checkout-'))
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text)
  for (const path of TAKEN) cpSync(join(root, path), join(folder, path), { recursive: true })
  for (const path of ['model', 'properties', 'counterexamples']) mkdirSync(join(folder, path))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  write(
    '.ci/programs.mjs',
    "export const PRODUCT = { main: 'explorer/main.ts' }\nexport const TOOLS = PRODUCT\nexport const ASSETS = []\n",
  )
  write('explorer/main.ts', PROGRAM)
  write('model/word.ts', "export const word: string = 'first'\n")
  return {
    folder,
    write,
    begin() {
      const child = spawn(process.execPath, [join(folder, 'explorer/cli/mmucheck.cjs')], { env: PLAIN })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (text) => {
        stdout += String(text)
      })
      child.stderr.on('data', (text) => {
        stderr += String(text)
      })
      const ended = new Promise<Ended>((resolve) => {
        child.on('close', (status) => resolve({ status, stdout, stderr }))
      })
      return { child, ended }
    },
    built: () => {
      try {
        return readdirSync(join(folder, 'dist'))
      } catch {
        return []
      }
    },
    isWhole(name) {
      const build = join(folder, 'dist', name)
      const { files } = JSON.parse(readFileSync(join(build, 'stamp.json'), 'utf8')) as {
        files: Record<string, number>
      }
      return Object.entries(files).every(([file, size]) => readFileSync(join(build, file)).length === size)
    },
  }
}
