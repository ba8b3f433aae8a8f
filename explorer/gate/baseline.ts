import { join } from 'node:path'
import { packageFolder } from '../bench/model-source.ts'
import { type Baseline, readBaseline } from '../cli/gate/baseline-file.ts'

/** Path of the baseline in the checkout, of the newest kernel or of an older one. */
export function baselineFile(kernel?: string): string {
  const name = kernel === undefined ? 'baseline.json' : `baseline-${kernel}.json`
  return join(packageFolder(), 'explorer', 'gate', name)
}

/** The checked-in baseline of the newest kernel. @throws Error with one line of text if it is missing or damaged. */
export function checkedInBaseline(): Baseline {
  return readBaseline(baselineFile())
}
