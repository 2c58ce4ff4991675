// SPDX-License-Identifier: Apache-2.0
// What `underpin doctor -o json` says in a guest, less what differs from run to run: versions, paths, sizes, numbers.

import type { TestResult } from './report.ts'

interface Doctor {
  checks: { what: string; state: string; found: string; better?: string }[]
  mechanisms: { decision: string; mechanism: string }[]
}

/** `expected` null: whatever it says is right. */
export function compareDoctor(
  guest: string,
  said: string,
  expected: string | null,
): { text: string; problem?: string } {
  let doctor: Doctor
  try {
    doctor = JSON.parse(said) as Doctor
  } catch {
    return { text: '', problem: `doctor said nothing that can be read: ${said.slice(0, 400)}` }
  }
  const text = `${JSON.stringify({ guest, ...normalised(doctor) }, null, 2)}\n`
  if (expected === null || text === expected) return { text }
  if (expected === '')
    return { text, problem: 'no golden file (node test/guest/run.ts --update makes it)' }
  return { text, problem: `doctor says something else:\n${difference(expected, text)}` }
}

/** Of what the kernel's verifier allows for one program, the most that any may take: the next kernel's counts otherwise. */
const mostPercent = 70

/** Whether every program loads with room to spare. Kernels before 5.16 do not say how much a program took. */
export function loadResult(said: string, series: string): TestResult {
  const percent = /(\d+) % /.exec(loadOf(said) ?? '')?.[1]
  const spared = percent === undefined ? series === '5.10' : Number(percent) < mostPercent
  return {
    file: 'doctor',
    name: `every program loads, and takes less than ${mostPercent} % of what the verifier allows`,
    outcome: loadOf(said) !== undefined && spared ? 'passed' : 'failed',
  }
}

function loadOf(said: string): string | undefined {
  try {
    const { checks } = JSON.parse(said) as Doctor
    return checks.find(({ what, state }) => what === 'load' && state !== 'missing')?.found
  } catch {
    return undefined
  }
}

function normalised(doctor: Doctor): Doctor {
  const plain = (text: string) =>
    text
      .replace(/\b(\d+\.\d+)\.\d+[^\s"]*( x64| arm64)?/g, '$1')
      .replace(/\d+(\.\d+)? MiB/g, 'N MiB')
      .replace(/\b\d+ programs( in force)?/g, 'N programs')
      .replace(' with empty maps', '')
      .replace(/\b\d+ % (.*) \(\w+\)/g, 'N % $1')
      .replace(/(\/[\w.-]+)+\/(bpf\/\.output|dist\/bpf)\//g, '…/')
  return {
    ...doctor,
    // Some guests are asked while something is in force.
    checks: doctor.checks
      .filter(({ what }) => what !== 'in force')
      .map((check) => ({
        ...check,
        found: plain(check.found),
        ...(check.better !== undefined && { better: plain(check.better) }),
      })),
  }
}

function difference(expected: string, found: string): string {
  const [a, b] = [expected.split('\n'), found.split('\n')]
  const only = (lines: string[], other: string[], sign: string) =>
    lines.filter((line) => !other.includes(line)).map((line) => `${sign} ${line.trim()}`)
  return [...only(a, b, '-'), ...only(b, a, '+')].join('\n') || '(the same lines in another order)'
}
