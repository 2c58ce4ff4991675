// SPDX-License-Identifier: Apache-2.0
// Linkerd. First the API server's selectors, then the injector's reasons, all of them collected:
// linkerd/linkerd2 pkg/inject/report.go Injectable and disableByAnnotation, pkg/healthcheck/sidecar.go
// (2.10 to 2.20). A value other than enabled, disabled and ingress silently means no sidecar.

import { captureChecks } from '../checks/index.ts'
import type { Injector } from '../injectors.ts'
import { supposing } from '../namespace.ts'
import { linkerdSidecars } from './linkerd-parts.ts'
import { linkerdRules, linkerdUncalled } from './linkerd-rules.ts'
import {
  linkerdCapture,
  linkerdChecks,
  linkerdCniRules,
  linkerdVerification,
} from './linkerd-sidecar.ts'
import { linkerdTraffic } from './linkerd-traffic.ts'
import type { Mesh } from './mesh.ts'
import { sound } from './rule.ts'
import { commonSettings } from './settings.ts'

const inject = 'linkerd.io/inject'
const version = 'linkerd.io/proxy-version'

export const linkerd: Mesh = {
  name: 'linkerd',
  title: 'Linkerd',
  settings: commonSettings,
  reads: [],
  settingsFrom: () => ({}),
  isInjector: (name) => name === 'linkerd-proxy-injector.linkerd.io',
  chartInjectors: () => [chartInjector],
  mentionedBy: (subject, namespace) =>
    namespace?.annotations.has(inject) === true ||
    namespace?.labels.has(inject) === true ||
    (subject !== null &&
      ([inject, version].some((key) => subject.pod.annotations.has(key)) ||
        linkerdSidecars(subject).length > 0)),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { annotations: { [inject]: 'enabled' } }),
    assumed: `namespace "${namespace.name}" has the annotation ${inject}=enabled (no Namespace object was given)`,
  }),
  uncalled: linkerdUncalled,
  rules: linkerdRules,
  collects: true,
  cniRules: linkerdCniRules,
  capturedBy: linkerdCapture,
  sidecarNames: ['linkerd-proxy'],
  sidecars: linkerdSidecars,
  replacesSidecar: false,
  marker: ({ pod }) =>
    pod.annotations.has(version)
      ? {
          id: 'sidecar-stripped',
          path: `${pod.prefix}metadata.annotations[${version}]`,
          message: `the annotation ${version} says that the sidecar was injected, and there is none`,
        }
      : null,
  verify: linkerdVerification,
  foresee: [
    sound(
      'Is everything captured, as annotations of pod and namespace say?',
      'linkerd/linkerd2 pkg/k8s/labels.go, 2.11 to 2.20',
      linkerdTraffic,
    ),
  ],
  checkInput: linkerdChecks,
  checks: captureChecks,
  besides: () => [],
}

/** charts/linkerd-control-plane/templates/proxy-injector-rbac.yaml and values.yaml (2.11 to 2.20). */
const chartInjector: Injector = {
  configuration: 'linkerd-proxy-injector-webhook-config',
  name: 'linkerd-proxy-injector.linkerd.io',
  failurePolicy: 'Ignore',
  rules: [
    {
      operations: ['CREATE'],
      apiGroups: [''],
      apiVersions: ['v1'],
      resources: ['pods', 'services'],
      scope: 'Namespaced',
    },
  ],
  namespaceSelector: {
    matchExpressions: [
      { key: 'config.linkerd.io/admission-webhooks', operator: 'NotIn', values: ['disabled'] },
      {
        key: 'kubernetes.io/metadata.name',
        operator: 'NotIn',
        values: ['kube-system', 'cert-manager'],
      },
    ],
  },
  objectSelector: {
    matchExpressions: [
      { key: 'linkerd.io/control-plane-component', operator: 'DoesNotExist' },
      { key: 'linkerd.io/cni-resource', operator: 'DoesNotExist' },
    ],
  },
  conditions: 0,
}
