// SPDX-License-Identifier: Apache-2.0
// `npm start` is the front door: it must show all five steps, exit 0, and leave nothing behind.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cgroupMount } from '../../enforcer/src/index.ts'

const made = (folder: string) =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('underpin-demo-')) : []

test('the five steps are seen, and everything is removed', () => {
  const before = [made('/sys/fs/bpf'), made(cgroupMount()), made('/tmp')]
  const { status, stdout } = spawnSync(process.execPath, ['scripts/start.ts'], {
    encoding: 'utf8',
    timeout: 90_000,
  })
  expect(stdout).not.toContain('✗')
  for (const step of [1, 2, 3, 4, 5]) expect(stdout).toMatch(new RegExp(`^${step}  `, 'm'))
  expect(stdout).toMatch(/\d+ requests all the while, 0 lost/)
  expect(status).toBe(0)
  expect([made('/sys/fs/bpf'), made(cgroupMount()), made('/tmp')]).toEqual(before)
})
