// SPDX-License-Identifier: Apache-2.0
// underpin webhook: answers admission reviews over HTTPS.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import {
  formatProblem,
  isCoverage,
  load,
  type LoadedCoverage,
} from '../../../policies/src/index.ts'
import {
  createLog,
  nextSignal,
  readDocuments,
  reasonOf,
  UnderpinError,
  type Log,
} from '../../../runtime/src/index.ts'
import { startWebhook } from '../../../webhook/src/index.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { clusterKnowledge } from '../cluster-files.ts'
import { stateOption, usualPlaces } from '../places.ts'
import { secondsOf } from '../wait.ts'

const lookMs = 2000

export const webhook: Command = {
  name: 'webhook',
  summary: 'answer admission reviews: is every workload covered by its mesh?',
  about:
    'Serves /validate over HTTPS with a certificate authority made at start; its certificate is written to\n' +
    'webhook-ca.pem in the state folder, and the address is in the log. A change of the policies is taken up within\n' +
    'seconds; a file with a problem changes nothing. Needs no root.',
  options: [
    {
      name: 'policies',
      value: 'DIR',
      many: true,
      help: 'required; file or folder with CoveragePolicies',
    },
    {
      name: 'manifests',
      value: 'DIR',
      many: true,
      help: 'Namespaces and webhook configurations of the cluster',
    },
    {
      name: 'host',
      value: 'ADDRESS',
      help: 'where to listen (127.0.0.1; in a cluster 0.0.0.0 or ::)',
    },
    { name: 'port', value: 'PORT', help: 'where to listen (8443; 0: any free one)' },
    {
      name: 'dns-name',
      value: 'NAME',
      many: true,
      help: 'name for the certificate, such as underpin.underpin.svc',
    },
    {
      name: 'drain',
      value: 'SECONDS',
      help: 'serve on so long after SIGTERM (10, and 0 on a loopback address)',
    },
    stateOption,
  ],
  examples: [
    [
      'underpin webhook --policies policies --state /tmp/underpin',
      'try it: curl --cacert /tmp/underpin/webhook-ca.pem …',
    ],
    [
      'underpin webhook --policies policies --host :: --dns-name underpin.underpin.svc',
      'in a cluster',
    ],
  ],
  exits: [
    [0, 'stopped by SIGTERM or SIGINT'],
    [2, 'the command line or a policy was not understood'],
    [3, 'the port or the certificate could not be had'],
  ],
  run,
}

async function run(args: Arguments): Promise<number> {
  const paths = args.values('policies').map((path) => resolve(path))
  if (paths.length === 0)
    throw usage(
      'no --policies',
      '--policies DIR',
      'for example underpin webhook --policies policies',
      'webhook',
    )
  const host = args.value('host') ?? '127.0.0.1'
  const state = resolve(args.value('state') ?? usualPlaces.state)
  const log = createLog({ base: { part: 'webhook' } })
  const first = await coverage(paths)
  if (first.problems.length > 0)
    throw new UnderpinError('policy-invalid', {
      operation: 'load policies',
      object: paths.join(', '),
      found: first.problems.length === 1 ? '1 problem' : `${first.problems.length} problems`,
      remedy: `nothing is served:\n${first.problems.join('\n')}`,
    })
  const policies = keepCurrent(paths, first, log)
  const known = await clusterKnowledge(args.values('manifests'))
  const asked = nextSignal()
  const server = await startWebhook({
    // Read anew for every review.
    get policies() {
      return policies.current()
    },
    host,
    port: portOf(args),
    dnsNames: [
      ...new Set([
        'localhost',
        '127.0.0.1',
        '::1',
        ...(isWildcard(host) ? [] : [host]),
        ...args.values('dns-name'),
      ]),
    ],
    log,
    namespaces: () => known.namespaces,
    injectors: () => known.injectors,
    publishBundle: (bundle) => publish(state, bundle),
    drainMs: (secondsOf(args, 'drain', 'webhook') ?? (isLoopback(host) ? 0 : 10)) * 1000,
  })
  const signal = await asked
  log.info({ signal }, 'stopping')
  policies.stop()
  await server.stop()
  return 0
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

function portOf(args: Arguments): number {
  const text = args.value('port') ?? '8443'
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw usage(`--port ${text}`, 'a port from 0 to 65535', 'leave it out for 8443', 'webhook')
}

interface Coverage {
  text: string
  policies: LoadedCoverage[]
  problems: string[]
}

async function coverage(paths: readonly string[]): Promise<Coverage> {
  const texts = await readDocuments(paths, { operation: 'load policies' })
  const { policies, problems } = load(texts)
  return {
    text: JSON.stringify(texts),
    policies: policies.filter(isCoverage),
    problems: problems.map(formatProblem),
  }
}

function keepCurrent(
  paths: readonly string[],
  first: Coverage,
  log: Log,
): { current: () => LoadedCoverage[]; stop: () => void } {
  let [used, seen] = [first.policies, first.text]
  const look = async () => {
    try {
      const found = await coverage(paths)
      if (found.text === seen) return
      seen = found.text
      if (found.problems.length === 0) {
        used = found.policies
        log.info({ policies: used.length }, 'policies in use')
      } else
        log.error({ problems: found.problems }, 'policies have problems, keeping the previous ones')
    } catch (err) {
      // fail closed: a folder that cannot be read is not an empty one.
      if (seen !== reasonOf(err))
        log.error({ err }, 'policies could not be read, keeping the previous ones')
      seen = reasonOf(err)
    }
  }
  // The server keeps the process alive; where it could not start, this must not.
  const timer = setInterval(() => void look(), lookMs).unref()
  return { current: () => used, stop: () => clearInterval(timer) }
}

/** Whoever calls us must trust this; it is public. */
function publish(folder: string, bundle: string): void {
  const path = join(folder, 'webhook-ca.pem')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(`${path}.new`, bundle, { mode: 0o644 })
    renameSync(`${path}.new`, path)
  } catch (cause) {
    throw new UnderpinError(
      'certificate-failed',
      {
        operation: 'write certificate',
        object: path,
        found: reasonOf(cause),
        expected: 'a folder that this user may write',
        remedy: 'name one with --state DIR',
      },
      { cause },
    )
  }
}
