import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** A step of the model, once for each function and statement that it has. */
const step = z.strictObject({
  /** `vcpu.RUN.9` */
  name: z.string(),
  /** Function and statement. */
  text: z.string(),
  /** What a word is looked for in. */
  searched: z.string(),
})

const machine = z.strictObject({
  id: z.string(),
  title: z.string(),
  paths: z.array(z.string()),
  scenarios: z.array(z.string()),
  design: z.string().optional(),
})

/** What is known of the threads of a catalogue without building their programs, which takes most of a second. */
const machineIndex = z.strictObject({
  /** Ids of the scenarios and designs that it was made of. */
  scenarios: z.array(z.string()),
  designs: z.array(z.string()),
  machines: z.array(machine),
  steps: z.array(step),
})

export type MachineIndex = z.infer<typeof machineIndex>
export type IndexedMachine = MachineIndex['machines'][number]
export type IndexedStep = MachineIndex['steps'][number]

/** Reads the index of a build, which .ci/build.mjs writes beside the program. Null where there is none: in the sources. */
export function readMachineIndex(file: URL): MachineIndex | null {
  const path = fileURLToPath(file)
  return existsSync(path) ? machineIndex.parse(JSON.parse(readFileSync(path, 'utf8'))) : null
}

/** What an index is made of, or is to stand for. */
interface Modelled {
  readonly scenarios: readonly { readonly id: string }[]
  readonly designs: readonly { readonly id: string }[]
}

/** Whether the index is of these scenarios and designs. */
export function isIndexOf({ scenarios, designs }: MachineIndex, modelled: Modelled): boolean {
  const isSame = (ids: readonly string[], all: Modelled['scenarios']): boolean =>
    ids.length === all.length && all.every(({ id }, n) => ids[n] === id)
  return isSame(scenarios, modelled.scenarios) && isSame(designs, modelled.designs)
}
