// SPDX-License-Identifier: Apache-2.0
// Every command, in the order of the overview. Its code is loaded when it is asked for: none waits for what only others need.
import type { Entry } from '../command.ts'

export const commands: readonly Entry[] = [
  {
    name: 'enforce',
    summary: 'put policies in force on this node, and keep them current',
    load: async () => (await import('./enforce.ts')).enforce,
  },
  {
    name: 'status',
    summary: 'what is in force, on which subjects, by which mechanism',
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'report',
    summary: 'what was stopped, and what enforcing would stop',
    load: async () => (await import('./report.ts')).report,
  },
  {
    name: 'promote',
    summary: 'switch policies from audit to enforce',
    load: async () => (await import('./promote.ts')).promote,
  },
  {
    name: 'observe',
    summary: 'every decision as it is made; processes, files, flows and system calls as well',
    load: async () => (await import('./observe.ts')).observe,
  },
  {
    name: 'agent',
    summary: "put a cluster's policies in force on this node, and tell the cluster",
    load: async () => (await import('./agent.ts')).agent,
  },
  {
    name: 'webhook',
    summary: 'answer admission reviews: is every workload covered by its mesh?',
    load: async () => (await import('./webhook.ts')).webhook,
  },
  {
    name: 'controller',
    summary: 'reports, status of policies and Events of a cluster',
    load: async () => (await import('./controller.ts')).controller,
  },
  {
    name: 'scan',
    summary: 'judge manifests or a cluster: which workload slips past its sidecar, and how',
    load: async () => (await import('./scan.ts')).scan,
  },
  {
    name: 'explain',
    summary: 'why a workload is covered or not, rule by rule; or what a finding means',
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'policy check',
    summary: 'every problem of policy files, with line and column',
    load: async () => (await import('./policy-check.ts')).policyCheck,
  },
  {
    name: 'policy plan',
    summary: 'what policies compile to: which of them meet on a subject, and what follows',
    load: async () => (await import('./policy-plan.ts')).policyPlan,
  },
  {
    name: 'doctor',
    summary: 'what this machine offers, and what would be better',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'crds apply',
    summary: 'bring the custom resources of the cluster up to this version',
    load: async () => (await import('./crds-apply.ts')).crdsApply,
  },
  {
    name: 'disarm',
    summary: 'take everything out of force, at once',
    load: async () => (await import('./disarm.ts')).disarm,
  },
]
