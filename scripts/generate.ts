// SPDX-License-Identifier: Apache-2.0
// Writes every generated file, or with --check says which are stale (exit 1).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { chartRights } from './chart-rights.ts'
import { chartValues } from './chart-values.ts'
import { generate as generateAbi } from './generate-abi.ts'
import { generate as generateBypasses } from './generate-bypasses.ts'
import { generate as generateKernels } from './generate-kernels.ts'
import { generate as generatePolicy } from './generate-policy.ts'
import { generate as generateShape } from './generate-shape.ts'
import { generate as generateThreatModel } from './generate-threat-model.ts'

const files = new Map([
  ...generateAbi(),
  ...generateKernels(),
  ...generateBypasses(),
  ...(await generatePolicy()),
  ...generateShape(),
  ...generateThreatModel(),
  ...chartRights(),
  ...(await chartValues()),
])
const stale: string[] = []
for (const [path, content] of files) {
  let current = ''
  try {
    current = readFileSync(path, 'utf8')
  } catch {
    // missing counts as stale
  }
  if (current === content) continue
  stale.push(path)
  if (process.argv.includes('--check')) continue
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}
if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`stale generated files: ${stale.join(', ')} (run: npm run generate)`)
  process.exitCode = 1
} else {
  console.log(
    `generated files: ${files.size} current${stale.length ? `, ${stale.length} written` : ''}`,
  )
}
