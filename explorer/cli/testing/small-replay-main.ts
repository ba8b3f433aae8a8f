import { programFile } from '../../program-file.ts'
import { startReplay } from '../start-replay.ts'

/** Confirms counterexamples of the small catalogue. */
await startReplay(programFile('small-catalogue'))
