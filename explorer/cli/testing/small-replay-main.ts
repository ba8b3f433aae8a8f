import { programFile } from '../../program-file.ts'
import { startReplay } from '../start-replay.ts'

/** The fresh process in which the tests confirm counterexamples of the small catalogue. */
await startReplay(programFile('small-catalogue'))
