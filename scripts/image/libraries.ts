// SPDX-License-Identifier: Apache-2.0
// The libraries that the product runs with, from the lock file: "FOLDER NAME VERSION" a line. What only builds and tests
// need is not among them, nor what another processor or C library would need.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Entry = { version: string; dev?: boolean; devOptional?: boolean; libc?: string[] }

const root = join(import.meta.dirname, '../..')
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>
}
for (const [folder, { version, dev, devOptional, libc }] of Object.entries(packages)) {
  const name = folder.split('node_modules/').at(-1) ?? ''
  if (name === '' || dev || devOptional || libc?.includes('musl')) continue
  // Optional ones of other machines are in the lock file, and not here.
  if (existsSync(join(root, folder))) console.log(`${folder} ${name} ${version}`)
}
