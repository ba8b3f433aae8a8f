import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { quotedPath } from '../../../model/language/quoted.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { readOptions } from '../options.ts'
import { packageInfo } from '../package-info.ts'
import { orUnwritable } from '../write-counterexample.ts'

const options = z.object({ github: z.boolean().default(false), gitlab: z.boolean().default(false) })

/** The files of the example, and where they go. */
const FILES = { 'my-change.ts': 'my-change.ts', 'test.ts': 'my-change.test.ts' }
const GITHUB = { 'github.yml': '.github/workflows/mmucheck.yml' }
const GITLAB = { 'gitlab-ci.yml': '.gitlab-ci.yml' }
/** One that is there already is that of the folder, and stays. */
const PACKAGE = 'package.json'

/**
 * `mmucheck init`: writes an example of a design with code, its test, and on request what checks it in CI.
 * @throws UsageError if a file is there already, before anything is written.
 */
export function init({ catalogue, io }: CommandContext, folder: string, raw: unknown): number {
  const { github, gitlab } = readOptions(options, raw)
  if (catalogue.example === undefined) throw new UsageError('there is no example of a design here')
  const from = join(packageInfo().root, catalogue.example)
  const files = Object.entries({ ...FILES, ...(github ? GITHUB : {}), ...(gitlab ? GITLAB : {}) })
  const taken = files.find(([, to]) => existsSync(join(folder, to)))
  if (taken !== undefined)
    throw new UsageError(
      `${quotedPath(join(folder, taken[1]))} exists; choose another folder: mmucheck init DIR`,
    )
  if (!existsSync(join(folder, PACKAGE))) files.push([PACKAGE, PACKAGE])
  for (const [name, to] of files) {
    const path = join(folder, to)
    orUnwritable(path, () => {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, readFileSync(join(from, name)), { flag: 'wx' })
    })
    io.out(quotedPath(path))
  }
  io.out('')
  io.out(`next: mmucheck check --design ${quotedPath(join(folder, 'my-change.ts'))}`)
  return 0
}
