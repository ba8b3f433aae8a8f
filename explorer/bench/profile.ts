import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { sourcePosition } from '../cli/source-positions.ts'
import type { ModelInstance } from './catalogue.ts'
import { run } from './child-process.ts'
import { ours } from './contestants/ours.ts'

/** Share of the time spent in each function itself, largest first. */
export const profileSummary = z.object({
  seconds: z.number(),
  functions: z.array(z.object({ name: z.string(), share: z.number() })),
})
export type ProfileSummary = z.infer<typeof profileSummary>

const cpuProfile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({
        functionName: z.string(),
        url: z.string(),
        lineNumber: z.number(),
        columnNumber: z.number(),
      }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
})

/** Adds up the self times of a V8 CPU profile by function and file. */
export function summarise(text: string): ProfileSummary {
  const { nodes, samples, timeDeltas } = cpuProfile.parse(JSON.parse(text))
  const nameOf = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber, columnNumber } }) => {
      const file = basename(sourcePosition(url, lineNumber, columnNumber)?.file ?? url)
      const name = functionName === '' ? '(anonymous)' : functionName
      return [id, file === '' ? name : `${name} (${file})`]
    }),
  )
  const self = new Map<string, number>()
  samples.forEach((id, index) => {
    const name = nameOf.get(id) ?? '(unknown)'
    self.set(name, (self.get(name) ?? 0) + timeDeltas[index])
  })
  const total = [...self.values()].reduce((sum, time) => sum + time, 0)
  const functions = [...self]
    .map(([name, time]) => ({ name, share: time / total }))
    .sort((a, b) => b.share - a.share)
  return { seconds: total / 1e6, functions }
}

/** Profiles one of our searches in a new process. */
export function profileSearch(instance: ModelInstance, mode: string): ProfileSummary {
  const contestant = ours.find(({ id }) => id === mode)
  if (contestant === undefined) throw new Error(`no mode ${mode}`)
  const folder = mkdtempSync(join(tmpdir(), 'bench-profile-'))
  try {
    const { command } = contestant.prepare(instance, folder, 'search')
    run({ ...command, args: ['--cpu-prof', `--cpu-prof-dir=${folder}`, ...command.args] })
    const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
    return summarise(readFileSync(join(folder, file), 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
