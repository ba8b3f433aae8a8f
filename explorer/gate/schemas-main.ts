import { replaceFile } from '../checkpoint/index.ts'
import { schemaFiles } from './schemas.ts'

// `npm run schemas` writes the JSON Schemas of scenario and design files to docs/.
for (const { path, text } of schemaFiles()) {
  replaceFile(path, text)
  console.log(path)
}
