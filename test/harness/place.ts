// SPDX-License-Identifier: Apache-2.0
// Where a sandbox is: a cgroup, pins, and folders for state, policies and files. With UNDERPIN_ONE_AGENT an agent that was
// started in it without wishes of its own stays there, without policies, for the next test file of the same process: where
// the kernel takes half a minute to verify its programs, that is most of the time. Only for guests: nothing ends the last one.
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cgroupMount, disarm, type Agent } from '../../enforcer/src/index.ts'
import { removeBelow, removeCgroups } from './remove-cgroups.ts'

const oneAgent = 'UNDERPIN_ONE_AGENT' in process.env
let kept: Place | undefined

export interface Place {
  name: string
  mount: string
  /** The cgroup folder that the agent is attached to. */
  cgroup: string
  pins: string
  temporary: string
  /** For the test's own programs. */
  files: string
  state: string
  policies: string
  pods: string
  /** Lines of the agent's log, parsed. */
  log: Record<string, unknown>[]
  /** One that runs in it, with nothing in force. */
  agent?: Agent
}

/** The one that was kept, or a new one (`alone`). */
export function takePlace(alone: boolean): Place {
  const found = alone ? undefined : kept
  if (found) {
    kept = undefined
    return found
  }
  const mount = cgroupMount()
  const name = `underpin-test-${process.pid}-${randomBytes(3).toString('hex')}`
  const temporary = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'underpin-test-')))
  fs.chmodSync(temporary, 0o755)
  const folder = (name: string) => join(temporary, name)
  const place: Place = {
    name,
    mount,
    cgroup: join(mount, name),
    pins: join('/sys/fs/bpf', name),
    temporary,
    files: folder('files'),
    state: folder('state'),
    policies: folder('policies'),
    pods: folder('pods'),
    log: [],
  }
  for (const made of [place.files, place.policies, place.pods]) fs.mkdirSync(made)
  fs.mkdirSync(place.cgroup)
  return place
}

/** As a careful writer does it: never half a file. */
export function writeDocuments(folder: string, text: string): void {
  fs.writeFileSync(join(folder, '.new'), text)
  fs.renameSync(join(folder, '.new'), join(folder, 'all.yaml'))
}

/** Nothing of the test stays in it; the agent may. */
export function leavePlace(place: Place, agent: Agent): void {
  if (!oneAgent || kept) {
    agent.stop()
    removePlace(place)
    return
  }
  removeBelow(place.cgroup)
  writeDocuments(place.policies, '')
  writeDocuments(place.pods, '')
  fs.rmSync(place.files, { recursive: true, force: true })
  fs.mkdirSync(place.files)
  place.log.length = 0
  kept = { ...place, agent }
}

export function removePlace({ pins, cgroup, temporary }: Place): void {
  disarm(pins)
  removeCgroups(Buffer.from(cgroup))
  fs.rmSync(temporary, { recursive: true, force: true })
}
