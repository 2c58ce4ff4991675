// SPDX-License-Identifier: Apache-2.0
// Container starts with real runtimes under enforcement: how many first programs were decided unbound. Half of the
// containers run a program that policy lists, half one that it does not and that would leave a mark.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  isHybrid,
  removeLegacyCgroups,
  Runtime,
  runtimesFolder,
  type RuntimeName,
} from '../test/harness/container.ts'
import { documents, Sandbox } from '../test/harness/sandbox.ts'
import { say, summary } from './figures.ts'

const total = Number(process.env.UNDERPIN_STARTS ?? 1000)

export async function containers(): Promise<void> {
  const runtimes = runtimesFolder()
  const s = new Sandbox()
  try {
    await s.start(
      documents({
        apiVersion: 'underpin.dev/v1alpha1',
        kind: 'ClusterRuntimePolicy',
        metadata: { name: 'containers' },
        spec: { scope: 'unmanaged', mode: 'enforce', processes: [{ exe: '/bin/cat' }] },
      }),
    )
    const names: RuntimeName[] = ['runc', 'runc-new']
    if (isHybrid()) say('  crun: not here, it refuses legacy hierarchies (it is in the guests)')
    else names.push('crun')
    const half = Math.ceil(total / names.length / 2)
    for (const name of names) await measure(s, name, new Runtime(name, runtimes, s.files), half)
  } finally {
    removeLegacyCgroups(s.path(''))
    s.close()
  }
}

async function measure(
  s: Sandbox,
  name: RuntimeName,
  runtime: Runtime,
  half: number,
): Promise<void> {
  const begun = performance.now()
  let failed = 0
  const grown = await s.counted(async () => {
    for (let i = 0; i < half; i++) {
      if (
        runtime.run(runtime.bundle(s.path('docker'), ['/bin/cat', '/proc/self/stat'])).status !== 0
      )
        failed++
      const unlisted = runtime.bundle(s.path('docker'), ['/bin/mkdir', '/tmp/ran'])
      runtime.run(unlisted)
      runtime.remove(unlisted)
      await Promise.resolve()
    }
  })
  const decided = grown.exec ?? 0
  const ran = existsSync(join(runtime.marks, 'ran'))
  say(
    `  ${name.padEnd(9)} ${2 * half} starts, ${((performance.now() - begun) / 2 / half).toFixed(0)} ms each: ` +
      `${2 * half - decided} decided unbound, ${grown.denied} of ${half} unlisted ones denied` +
      `${ran ? ', and one ran' : ''}; ${failed} of ${half} listed ones failed; ` +
      `${grown.runtime} execs of the runtime itself exempt`,
  )
  summary(`containers ${name}`, {
    starts: 2 * half,
    unbound: 2 * half - decided,
    ran: Number(ran),
    failed,
  })
}
