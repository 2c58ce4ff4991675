// SPDX-License-Identifier: Apache-2.0
// The guest whose clock counts instructions: bench/budget.ts runs there, and its one figure is a test like the others.
import { measured } from '../../bench/programs.ts'
import type { TestResult } from './report.ts'

/** What runs in the guest. What it measures is compiled here, where the compiler is fast. */
export function budgetCommand(node: string): string {
  measured('spawn')
  return `UNDERPIN_BENCH_CLOCK=instructions UNDERPIN_SLOWER=10 ${node} bench/main.ts budget; echo "==== budget ended $?"`
}

/** With the ratio in its name, so that it is seen also when it passes. */
export function budgetResult(output: string): TestResult {
  const ended = /^==== budget ended (\d+)$/m.exec(output)?.[1]
  const [, ratio, noise, budget] =
    /^bench budget: .*ratio=(\S+) noise=(\S+) budget=(\S+)$/m.exec(output) ?? []
  const passed =
    ended === '0' && ratio !== undefined && Number(ratio) <= Number(budget) + Number(noise)
  return {
    file: 'bench/budget',
    name: `an allowed process start costs ${ratio ?? 'nobody knows what'} of one with nothing attached (at most ${budget ?? '1.010'}, and ${noise ?? '0.002'} of noise)`,
    outcome: passed ? 'passed' : 'failed',
    ...(!passed && { message: output.slice(-2000) }),
  }
}
