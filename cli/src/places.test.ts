// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { State } from '../../enforcer/src/index.ts'
import { inputsOf, rememberInputs, usualPlaces } from './places.ts'

test('the usual places are the enforcer’s', () => {
  const source = readFileSync(new URL('../../enforcer/src/state.ts', import.meta.url), 'utf8')
  for (const place of Object.values(usualPlaces)) expect(source).toContain(`'${place}'`)
})

test('the files of the agent that wrote the state, not those of one before it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-places-'))
  const state = (pid: number) => ({ pid, policies: '/first' }) as State
  try {
    expect(inputsOf(folder, null)).toBeNull()
    expect(inputsOf(folder, state(1))).toEqual({ policies: ['/first'], pods: [] })
    rememberInputs(folder, { policies: ['/a', '/b'], pods: ['/p'] })
    expect(inputsOf(folder, state(process.pid))).toEqual({ policies: ['/a', '/b'], pods: ['/p'] })
    expect(inputsOf(folder, state(1))).toEqual({ policies: ['/first'], pods: [] })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
