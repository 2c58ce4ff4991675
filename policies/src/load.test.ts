// SPDX-License-Identifier: Apache-2.0
// Files → policies or problems: everything wrong is told at once, with its place and a remedy.
import { describe, expect, it } from 'vitest'
import { load, type LoadOptions } from './load.ts'
import { formatProblem } from './problem.ts'

const told = (text: string, options: LoadOptions = {}) =>
  load([{ file: 'a.yaml', text }], options).problems.map(formatProblem)

const head = (kind: string, name = 'p') =>
  `apiVersion: underpin.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\n`
const runtime = (spec: string) => `${head('RuntimePolicy')}spec: ${spec}\n`
const cluster = (spec: string) => `${head('ClusterRuntimePolicy')}spec: ${spec}\n`
const coverage = (spec: string) => `${head('CoveragePolicy')}spec: ${spec}\n`

const whole = `
apiVersion: underpin.dev/v1alpha1
kind: RuntimePolicy
metadata: { name: checkout, namespace: shop }
spec:
  mode: audit
  select:
    pods: { matchLabels: { app: checkout } }
    containers: [api]
    expression: pod.spec.serviceAccountName == 'checkout'
  code: image
  processes:
    - exe: /usr/local/bin/node
      from: [/sbin/tini]
      startedBy: entrypoint
      egress:
        - { to: [{ dns: "*.example.com" }], ports: [443/TCP] }
        - { to: [{ cidr: 10.0.0.0/8, except: [10.9.0.0/16] }, { pods: { matchLabels: { app: db } } }], ports: [5432] }
        - { to: [{ services: { name: db } }, { namespaces: {} }] }
      ingress:
        - { ports: [8080/TCP], from: [{ namespaces: { matchLabels: { team: web } } }] }
      files:
        - { path: /var/run/secrets/**, access: read }
      privileges: [NET_BIND_SERVICE]
  deny:
    - { egress: { to: [{ cidr: 169.254.169.254/32 }] } }
    - { protocol: stratum }
`

describe('what is well-formed', () => {
  it('loads, with its key and its place', () => {
    const { policies, problems } = load([{ file: 'a.yaml', text: whole }])
    expect(problems).toEqual([])
    expect(policies).toMatchObject([
      { key: 'RuntimePolicy/shop/checkout', file: 'a.yaml', line: 2 },
    ])
  })
  it('may be several documents, or JSON, or as the API server gives it', () => {
    const object = {
      apiVersion: 'underpin.dev/v1alpha1',
      kind: 'CoveragePolicy',
      metadata: { name: 'c', uid: 'u', creationTimestamp: null, managedFields: [{ manager: 'm' }] },
      spec: {
        meshes: ['istio'],
        namespaces: [{ name: 'all', select: { namespaces: {} }, mode: 'warn' }],
      },
      status: { observedGeneration: 3 },
    }
    const { policies, problems } = load([
      {
        file: 'a.yaml',
        text: `# first\n---\n${runtime('{}')}---\n${cluster('{ scope: pod }')}---\n`,
      },
      { file: 'b.json', text: JSON.stringify(object) },
    ])
    expect(problems).toEqual([])
    expect(policies.map(({ key, line }) => [key, line])).toEqual([
      ['RuntimePolicy/default/p', 3],
      ['ClusterRuntimePolicy/p', 8],
      ['CoveragePolicy/c', 1],
    ])
  })
})

describe('what is not', () => {
  it('is told all at once, in the order of files and lines', () => {
    const problems = load([
      { file: 'b.yaml', text: runtime('{ deny: [{ egress: { to: [{ cidr: 10.0.0.1/8 }] } }] }') },
      {
        file: 'a.yaml',
        text: `
apiVersion: underpin.dev/v1alpha1
kind: RuntimePolicy
metadata: { name: Checkout }
spec:
  mode: audti
  select:
    expression: pood.metadata.name == 'a'
  processes:
    - exe: usr/bin/node
      egres: []
      egress:
        - ports: [99999/TCP]
          to: [{ cidr: 10.0.0.0/8, except: [11.0.0.0/16] }, { dns: "*.Example.com" }]
      ingress:
        - from: []
`,
      },
      { file: 'b2.yaml', text: runtime('{}') },
    ]).problems.map(formatProblem)
    expect(problems).toEqual([
      `a.yaml:4:19 metadata.name: found "Checkout", expected lower-case letters, digits, '-' and '.', at most 253 (write checkout)`,
      'a.yaml:6:9 spec.mode: found "audti", expected one of audit, enforce (write audit)',
      'a.yaml:8:17 spec.select.expression: found Unknown variable: pood at 1:1 of the expression, expected one of pod, namespaceObject (did you mean pod?)',
      'a.yaml:10:12 spec.processes[0].exe: found "usr/bin/node", expected an absolute path such as /usr/bin/node or /usr/lib/git-core/** (write the whole path, from "/")',
      'a.yaml:11:7 spec.processes[0].egres: found unknown field "egres", expected one of exe, from, startedBy, egress, ingress, files, privileges, sockets (did you mean "egress"?)',
      'a.yaml:13:19 spec.processes[0].egress[0].ports[0]: found "99999/TCP", expected ports from 1 to 65535 (for every port write */TCP)',
      'a.yaml:14:45 spec.processes[0].egress[0].to[0].except[0]: found "11.0.0.0/16", expected a network inside 10.0.0.0/8 (correct or remove it)',
      'a.yaml:14:68 spec.processes[0].egress[0].to[1].dns: found "*.Example.com", expected a host name such as api.example.com or *.example.com (write *.example.com)',
      'a.yaml:16:17 spec.processes[0].ingress[0].from: found an empty list, expected at least one entry (leave the field out, or add an entry)',
      'b.yaml:4:41 spec.deny[0].egress.to[0].cidr: found "10.0.0.1/8" with bits set behind the prefix, expected the network itself (write 10.0.0.0/8, or 10.0.0.1/32 for the one address)',
      'b2.yaml:3:19 metadata.name: found "RuntimePolicy/default/p" a second time, expected each policy once (rename it; the first is at b.yaml:1)',
    ])
  })

  it.each<[string, string, string]>([
    [
      'another kind',
      head('Deployment'),
      'kind "Deployment", expected kind RuntimePolicy, ClusterRuntimePolicy or CoveragePolicy (keep other objects elsewhere)',
    ],
    ['a misspelt kind', head('RuntimePolcy'), '(write RuntimePolicy)'],
    ['no kind', 'spec: {}', 'no kind'],
    ['another version', runtime('{}').replace('v1alpha1', 'v1'), '(write underpin.dev/v1alpha1)'],
    ['a list', '- a', 'a document without fields'],
    ['a missing field', head('RuntimePolicy'), 'no field "spec"'],
    [
      'a name from another language',
      runtime('{ processes: [{ exe: /a, ingress: [{ from: [{ podSelector: {} }] }] }] }'),
      'did you mean "pods"?',
    ],
    [
      'two kinds of peer',
      runtime('{ deny: [{ egress: { to: [{ cidr: 10.0.0.0/8, dns: a.example.com }] } }] }'),
      'exactly one of: cidr; dns; pods and/or namespaces; services',
    ],
    [
      'except alone',
      runtime('{ deny: [{ egress: { to: [{ dns: a.example.com, except: [10.0.0.0/8] }] } }] }'),
      'except without cidr',
    ],
    [
      'an empty guard rail',
      runtime('{ deny: [{}] }'),
      'no field, expected one of exe, from, egress',
    ],
    ['text for a list', runtime('{ processes: /a }'), 'expected a list'],
    [
      'a number for text',
      runtime('{ select: { pods: { matchLabels: { app: 5 } } } }'),
      'put it in quotes: "5"',
    ],
    ['nothing for a list', runtime('{ processes: }'), 'found nothing, expected a list'],
    ['neither path nor paths', runtime('{ processes: [{ exe: {} }] }'), 'expected text or a list'],
    [
      'one bad path of several',
      runtime('{ processes: [{ exe: [/a, b] }] }'),
      'spec.processes[0].exe[1]: found "b"',
    ],
    ['port zero', runtime('{ deny: [{ egress: { ports: [0] } }] }'), 'a number from 1 to 65535'],
    [
      'a label key',
      runtime('{ select: { pods: { matchLabels: { "a b": c } } } }'),
      'matchLabels["a b"]: found "a b", expected a label key',
    ],
    [
      'a label value',
      runtime('{ select: { pods: { matchLabels: { a: "b c" } } } }'),
      'expected a label value',
    ],
    [
      'In without values',
      runtime('{ select: { pods: { matchExpressions: [{ key: a, operator: In }] } } }'),
      'In without values',
    ],
    [
      'Exists with values',
      runtime(
        '{ select: { pods: { matchExpressions: [{ key: a, operator: Exists, values: [b] }] } } }',
      ),
      'values with Exists',
    ],
    [
      'a place of a cluster-wide policy',
      cluster('{ scope: pod }').replace('name: p', 'name: p, namespace: a'),
      'a ClusterRuntimePolicy is cluster-wide',
    ],
    [
      'a field of another scope',
      cluster('{ scope: pod, select: { units: [a.service] } }'),
      'units with scope pod, expected only namespaces, pods',
    ],
    ['a host policy for everything', cluster('{ scope: host }'), 'write cgroups: ["/**"]'],
    ['a cgroup', cluster('{ scope: host, select: { cgroups: [a] } }'), 'write "/a"'],
    [
      'an address as a name',
      runtime('{ deny: [{ egress: { to: [{ dns: 10.0.0.1 }] } }] }'),
      'write cidr: 10.0.0.1/32',
    ],
    [
      'a URL as a name',
      runtime('{ deny: [{ egress: { to: [{ dns: "https://a.example.com/x" }] } }] }'),
      'write a.example.com',
    ],
    [
      'a misspelt prediction',
      coverage(
        "{ meshes: [istio], namespaces: [{ name: a, mode: deny, select: { namespaces: {} } }], checks: [{ name: c, message: m, expression: predictions.istio.verdikt == 'x' }] }",
      ),
      'No such key: verdikt at 1:19',
    ],
    [
      'a function that is none',
      coverage(
        "{ meshes: [istio], namespaces: [{ name: a, mode: deny, select: { namespaces: {} } }], checks: [{ name: c, message: m, expression: object.name.startWith('x') }] }",
      ),
      ": found no matching overload for 'dyn.startWith(string)' at 1:1",
    ],
    [
      'two classes of a name',
      coverage(
        '{ meshes: [istio], namespaces: [{ name: a, mode: deny, select: { namespaces: {} } }, { name: a, mode: deny, select: { namespaces: {} } }] }',
      ),
      '"a" a second time',
    ],
    [
      'an exemption for everybody',
      coverage(
        '{ meshes: [istio], namespaces: [{ name: a, mode: deny, select: { namespaces: {} } }], exemptions: [{ owner: a, reason: b, expires: 2030-01-01 }] }',
      ),
      'at least one of namespaces, workloads',
    ],
    [
      'a day that is none',
      coverage(
        '{ meshes: [istio], namespaces: [{ name: a, mode: deny, select: { namespaces: {} } }], exemptions: [{ workloads: { names: [x] }, owner: a, reason: b, expires: 2030-02-30 }] }',
      ),
      'a day of the calendar',
    ],
  ])('%s', (_, text, said) => {
    const problems = told(text)
    expect(problems.join('\n')).toContain(said)
  })

  it('an exemption that ended, when the day is asked for', () => {
    const text = coverage(
      '{ meshes: [istio], namespaces: [{ name: a, mode: deny, select: { namespaces: {} } }], exemptions: [{ workloads: { names: [x] }, owner: a, reason: b, expires: 2026-01-31 }] }',
    )
    expect(told(text)).toEqual([])
    expect(told(text, { today: '2026-01-31' })).toEqual([])
    expect(told(text, { today: '2026-02-01' }).join()).toContain(
      'an exemption that ended "2026-01-31"',
    )
  })

  it('leaves no policy of a broken document', () => {
    expect(
      load([{ file: 'a', text: `${runtime('{}')}---\n${runtime('{ mode: x }')}` }]).policies,
    ).toHaveLength(1)
  })
})

describe('limits', () => {
  it('on the number of policies', () => {
    const texts = Array.from({ length: 3 }, (_, file) => ({
      file: `${file}.yaml`,
      text: Array.from({ length: 4_000 }, (_, i) => `--- { kind: x${i} }\n`).join(''),
    }))
    const { problems } = load(texts)
    expect(problems.at(-1)?.message).toContain('more policies, expected at most 10000')
  })
})

describe('what this build does not enforce', () => {
  it('is a problem only when asked for, by name', () => {
    expect(told(whole)).toEqual([])
    const text = runtime('{ deny: [{ ingress: { from: [{ dns: a.example.com }] } }] }')
    const files = [
      { file: 'a', text: whole },
      { file: 'b', text },
    ]
    const names = load(files, { enforceable: true }).problems
    expect(names.map(({ path }) => path)).toEqual([
      'spec.select.containers',
      'spec.deny[0].ingress.from[0].dns',
    ])
    for (const { message } of names) expect(message).toContain('not enforced by this build')
  })
  it('includes enforcing on the host and selecting bare containers by name', () => {
    const enforceable = { enforceable: true }
    expect(
      told(
        cluster('{ scope: host, mode: enforce, select: { units: [a.service] } }'),
        enforceable,
      ).join(),
    ).toContain('mode: enforce')
    expect(told(cluster('{ scope: host, select: { units: [a.service] } }'), enforceable)).toEqual(
      [],
    )
    expect(
      told(
        cluster('{ scope: unmanaged, select: { names: [a], images: [b], cgroups: [/c] } }'),
        enforceable,
      ),
    ).toHaveLength(2)
    expect(
      told(cluster('{ scope: pod, select: { namespaces: {}, pods: {} } }'), enforceable),
    ).toEqual([])
  })
})
