// SPDX-License-Identifier: Apache-2.0
// What `helm template` prints for applications that many clusters run: our own text, in the shape and size of
// theirs. Comments with sources, text blocks, quoted and unquoted words, empty documents, hooks, definitions of
// a thousand lines, dashboards in one line; and workloads that do what such workloads do.

export type Chart = {
  name: string
  text: string
  /** What Istio makes of its workloads in a namespace that asks for injection. */
  expected: Readonly<Record<string, string>>
}

const source = (chart: string, file: string) => `---\n# Source: ${chart}/templates/${file}\n`

const labels = (chart: string, component: string, margin: string) =>
  [
    `helm.sh/chart: ${chart}-12.3.4`,
    `app.kubernetes.io/name: ${component}`,
    `app.kubernetes.io/instance: release`,
    `app.kubernetes.io/version: "2.10"`,
    `app.kubernetes.io/part-of: ${chart}`,
    `app.kubernetes.io/managed-by: Helm`,
  ]
    .map((line) => `${margin}${line}\n`)
    .join('')

type Parts = {
  kind?: string
  replicas?: number
  /** Lines of the pod specification, at its margin. */
  spec?: string
  annotations?: string
  container?: string
  init?: string
  api?: string
}

/** A workload as chart authors write them: everything that can be set is set. */
function workload(chart: string, name: string, parts: Parts = {}): string {
  const {
    kind = 'Deployment',
    replicas = 1,
    spec = '',
    container = '',
    init = '',
    api = 'apps/v1',
  } = parts
  const isJob = kind === 'Job'
  return `${source(chart, `${name}/${kind.toLowerCase()}.yaml`)}apiVersion: ${isJob ? 'batch/v1' : api}
kind: ${kind}
metadata:
  name: release-${name}
  namespace: apps
  labels:
${labels(chart, name, '    ')}${isJob ? '  annotations:\n    "helm.sh/hook": pre-install,pre-upgrade\n    "helm.sh/hook-delete-policy": before-hook-creation,hook-succeeded\n' : ''}spec:
${isJob ? '  backoffLimit: 5\n' : `${kind === 'DaemonSet' ? '' : `  replicas: ${replicas}\n  revisionHistoryLimit: 10\n`}  selector:\n    matchLabels:\n      app.kubernetes.io/name: ${name}\n      app.kubernetes.io/instance: release\n`}${kind === 'StatefulSet' ? `  serviceName: release-${name}-headless\n  podManagementPolicy: Parallel\n  volumeClaimTemplates:\n    - metadata:\n        name: data\n      spec:\n        accessModes:\n          - "ReadWriteOnce"\n        resources:\n          requests:\n            storage: "8Gi"\n` : ''}  template:
    metadata:
      labels:
${labels(chart, name, '        ')}      annotations:
        checksum/config: ${'0f3a'.repeat(16)}
${parts.annotations ?? ''}    spec:
      serviceAccountName: release-${name}
${isJob ? '      restartPolicy: OnFailure\n' : ''}${spec}${init === '' ? '' : `      initContainers:\n${init}`}      containers:
        - name: ${name}
          image: "registry.example/${chart}/${name}:v2.10.1@sha256:${'ab12'.repeat(16)}"
          imagePullPolicy: IfNotPresent
          args:
            - --config=/etc/${name}/config.yaml
            - --log.level=info
            - '--web.external-url=http://release-${name}.apps:9090'
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: GOMEMLIMIT
              value: "450MiB"
            - name: EMPTY
              value:
          ports:
            - name: http
              containerPort: 9090
              protocol: TCP
          livenessProbe:
            httpGet: {path: /-/healthy, port: http}
            initialDelaySeconds: 30
            periodSeconds: 10
          readinessProbe:
            httpGet: {path: /-/ready, port: http, scheme: "HTTP"}
          resources:
            limits: {cpu: 500m, memory: 512Mi}
            requests:
              cpu: 0.1
              memory: 256Mi
          volumeMounts:
            - mountPath: /etc/${name}
              name: config
              readOnly: true
${container}      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - podAffinityTerm:
                labelSelector:
                  matchLabels: {app.kubernetes.io/name: ${name}}
                topologyKey: kubernetes.io/hostname
              weight: 1
      tolerations: []
      volumes:
        - name: config
          configMap:
            name: release-${name}
            defaultMode: 0644
`
}

function configMap(chart: string, name: string, lines: number): string {
  const text = Array.from({ length: lines }, (_, i) =>
    i % 7 === 0
      ? ''
      : `    ${' '.repeat((i % 4) * 2)}key_${i}: value ${i} # {{ $labels.pod }}: "${i}"`,
  )
  return `${source(chart, `${name}/configmap.yaml`)}apiVersion: v1
kind: ConfigMap
metadata:
  name: release-${name}
  namespace: apps
  labels:
${labels(chart, name, '    ')}data:
  config.yaml: |
    # written by hand
${text.join('\n')}
  dashboard.json: |-
    {"panels":[${Array.from({ length: lines }, (_, i) => `{"id":${i},"title":"Panel ${i}","targets":[{"expr":"sum(rate(x[5m])) by (pod)"}]}`).join(',')}]}
`
}

function definition(chart: string, kind: string, depth: number): string {
  const nested = Array.from({ length: depth }, (_, i) => {
    const margin = ' '.repeat(16 + i * 4)
    return `${margin}field${i}:\n${margin}  description: >-\n${margin}    What this is for,\n${margin}    over several lines: as generators write it.\n${margin}  type: object\n${margin}  properties:\n`
  })
  const last = ' '.repeat(16 + depth * 4)
  return `${source(chart, `crds/${kind.toLowerCase()}.yaml`)}apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations: {"controller-gen.kubebuilder.io/version": v0.17.2}
  name: ${kind.toLowerCase()}s.example.com
spec:
  group: example.com
  names: {kind: ${kind}, listKind: ${kind}List, plural: ${kind.toLowerCase()}s}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
${nested.join('')}${last}end: {type: string}
`
}

function small(chart: string, name: string): string {
  const meta = `metadata:\n  name: release-${name}\n  namespace: apps\n  labels:\n${labels(chart, name, '    ')}`
  return `${source(chart, `${name}/serviceaccount.yaml`)}apiVersion: v1
kind: ServiceAccount
${meta}automountServiceAccountToken: true
${source(chart, `${name}/service.yaml`)}apiVersion: v1
kind: Service
${meta}spec:
  type: ClusterIP
  ports:
    - {name: http, port: 80, targetPort: http}
  selector:
    app.kubernetes.io/name: ${name}
${source(chart, `${name}/role.yaml`)}apiVersion: rbac.authorization.k8s.io/v1
kind: Role
${meta}rules:
- apiGroups: [""]
  resources: ["configmaps", 'secrets']
  verbs:
  - get
  - list
${source(chart, `${name}/ingress.yaml`)}
${source(chart, `${name}/pdb.yaml`)}# not enabled
`
}

const chown = (name: string) => `        - name: ${name}
          image: docker.io/library/busybox:1.37
          command:
            - sh
            - -ec
            - |
              mkdir -p /data
              chown -R 1001:1001 /data
          securityContext:
            runAsUser: 0
`

const chart = (name: string, parts: readonly string[], expected: Chart['expected']): Chart => ({
  name,
  text: parts.join(''),
  expected,
})

const monitoring = chart(
  'metrics-stack',
  [
    ...['Monitor', 'Rule', 'Probe', 'Alerting', 'Scrape'].map((kind) =>
      definition('metrics-stack', kind, 12),
    ),
    ...['operator', 'grapher', 'state-exporter', 'alerting'].map((name) =>
      small('metrics-stack', name),
    ),
    ...Array.from({ length: 25 }, (_, i) => configMap('metrics-stack', `dashboard-${i}`, 120)),
    workload('metrics-stack', 'operator'),
    workload('metrics-stack', 'grapher', {
      container: `        - name: sidecar-dashboards
          image: registry.example/metrics-stack/sidecar:1
          env:
            - {name: METHOD, value: WATCH}
`,
    }),
    workload('metrics-stack', 'state-exporter'),
    workload('metrics-stack', 'node-exporter', {
      kind: 'DaemonSet',
      spec: '      hostNetwork: true\n      hostPID: true\n',
    }),
    workload('metrics-stack', 'admission-create', { kind: 'Job' }),
  ],
  {
    operator: 'covered',
    grapher: 'covered',
    'state-exporter': 'covered',
    'node-exporter': 'not-injected host-network',
    'admission-create': 'covered',
  },
)

const ingress = chart(
  'edge-router',
  [
    small('edge-router', 'controller'),
    configMap('edge-router', 'controller', 40),
    workload('edge-router', 'controller', {
      kind: 'DaemonSet',
      spec: '      hostNetwork: yes\n      dnsPolicy: ClusterFirstWithHostNet\n',
    }),
    workload('edge-router', 'default-backend', {
      annotations: '        sidecar.istio.io/inject: "false"\n',
    }),
    workload('edge-router', 'gateway', {
      annotations:
        '        traffic.sidecar.istio.io/includeInboundPorts: ""\n        traffic.sidecar.istio.io/excludeInboundPorts: "80,443"\n',
    }),
    workload('edge-router', 'admission-patch', { kind: 'Job' }),
  ],
  {
    controller: 'not-injected host-network',
    'default-backend': 'not-injected optout-annotation-istio',
    gateway: 'blind exclude-inbound-ports',
    'admission-patch': 'covered',
  },
)

const database = chart(
  'database-ha',
  [
    small('database-ha', 'primary'),
    configMap('database-ha', 'primary', 200),
    workload('database-ha', 'primary', {
      kind: 'StatefulSet',
      replicas: 3,
      init: chown('volume-permissions'),
      annotations: '        traffic.sidecar.istio.io/excludeOutboundPorts: 5432,6379\n',
    }),
    workload('database-ha', 'pooler', { replicas: 2 }),
    workload('database-ha', 'backup', {
      kind: 'Job',
      annotations: '        linkerd.io/inject: disabled\n',
    }),
  ],
  { primary: 'blind exclude-outbound-ports', pooler: 'covered', backup: 'covered' },
)

const delivery = chart(
  'delivery',
  [
    ...['Application', 'Project'].map((kind) => definition('delivery', kind, 14)),
    ...['server', 'repository', 'controller', 'notifications', 'cache'].flatMap((name) => [
      small('delivery', name),
      configMap('delivery', name, 30),
    ]),
    ...['server', 'repository', 'notifications'].map((name) =>
      workload('delivery', name, { replicas: 2 }),
    ),
    workload('delivery', 'controller', { kind: 'StatefulSet' }),
    workload('delivery', 'cache', {
      spec: '      securityContext: {runAsUser: 1337, runAsGroup: 1337}\n',
    }),
    workload('delivery', 'canary', { kind: 'Rollout', api: 'argoproj.io/v1alpha1' }),
  ],
  {
    server: 'covered',
    repository: 'covered',
    notifications: 'covered',
    controller: 'covered',
    cache: 'blind app-as-proxy-uid',
    canary: 'covered',
  },
)

const logs = chart(
  'log-pipeline',
  [
    small('log-pipeline', 'search'),
    configMap('log-pipeline', 'collector', 300),
    workload('log-pipeline', 'collector', {
      kind: 'DaemonSet',
      container: `          securityContext:
            privileged: true
`,
    }),
    workload('log-pipeline', 'search', { kind: 'StatefulSet', replicas: 3 }),
    workload('log-pipeline', 'viewer'),
  ],
  { collector: 'blind privileged', search: 'covered', viewer: 'covered' },
)

export const charts: readonly Chart[] = [monitoring, ingress, database, delivery, logs]
