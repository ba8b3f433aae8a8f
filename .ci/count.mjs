// Prints the closing line of the gate from vitest's JSON report; fails when no test ran.
import { readFileSync } from 'node:fs'

const text = readFileSync(process.argv[2], 'utf8')
const report = text === '' ? null : JSON.parse(text)
if (report === null || report.numTotalTests === 0) {
  console.log('no test ran')
  process.exit(1)
}
const { numPassedTests, numFailedTests, numPendingTests } = report
console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`)
