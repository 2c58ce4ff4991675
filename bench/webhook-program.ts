// SPDX-License-Identifier: Apache-2.0
// The built webhook as a process of its own: started with a folder for its files, and stopped as a cluster does it.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { program } from './process.ts'

export interface RunningWebhook {
  url: string
  pid: number
  /** What clients must trust now. */
  bundle(): string
  /** SIGTERM, and until it has ended. */
  stop(): Promise<void>
}

export async function startProgram(
  state: string,
  options: readonly string[],
): Promise<RunningWebhook> {
  const args = ['webhook', '--state', state, '--port', '0', ...options]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the webhook ended with ${code}`)))
    // Read on for as long as it runs: a full pipe would not stop it, but would cost it.
    createInterface(child.stdout).on('line', (line) => {
      if (!line.includes('webhook listening')) return
      resolve((JSON.parse(line) as { url: string }).url)
    })
  })
  return {
    url,
    pid: child.pid ?? 0,
    bundle: () => readFileSync(join(state, 'webhook-ca.pem'), 'utf8'),
    stop: () => stopped(child),
  }
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}
