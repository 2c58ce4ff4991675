// SPDX-License-Identifier: Apache-2.0
// A program of test/fuzz, compiled for user space, that answers inputs on stdin, a batch at a time. A batch ends with an
// empty input.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { compileForUser } from './compile.ts'

const flags = [
  '-O1',
  '-fsanitize=undefined,bounds',
  '-fno-sanitize=alignment',
  '-fsanitize-trap=undefined,bounds',
]

/** Reads the answer that begins at `at`, and where it ends; null: it is not whole yet. */
export type ReadAnswer<T> = (out: Buffer, at: number) => { answer: T; end: number } | null

export class Piped<T> {
  private readonly folder = mkdtempSync(join(tmpdir(), 'underpin-fuzz-'))
  private readonly child: ChildProcessByStdio<Writable, Readable, null>
  private readonly readAnswer: ReadAnswer<T>
  private out = Buffer.alloc(0)
  private waiting: (() => void) | undefined

  /** `file`: what the program is given as its argument, by content. */
  constructor(source: string, readAnswer: ReadAnswer<T>, file?: Buffer) {
    this.readAnswer = readAnswer
    const program = join(this.folder, 'program')
    const refused = compileForUser(source, program, flags)
    if (refused !== null) throw new Error(refused)
    const given = join(this.folder, 'file')
    if (file) writeFileSync(given, file)
    this.child = spawn(program, file ? [given] : [], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.child.stdout.on('data', (data: Buffer) => {
      this.out = Buffer.concat([this.out, data])
      this.waiting?.()
    })
    this.child.once('close', () => this.waiting?.())
  }

  /** As many answers as there are inputs; `end` is the empty input. */
  async ask(inputs: readonly Buffer[], end: Buffer): Promise<T[]> {
    this.child.stdin.write(Buffer.concat([...inputs, end]))
    const answers: T[] = []
    let at = 0
    while (answers.length <= inputs.length) {
      const read = this.readAnswer(this.out, at)
      if (read) {
        answers.push(read.answer)
        at = read.end
        continue
      }
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the parser ended: ${this.child.exitCode} ${this.child.signalCode}`)
      await new Promise<void>((resolve) => (this.waiting = resolve))
    }
    this.out = this.out.subarray(at)
    return answers.slice(0, -1)
  }

  close(): void {
    this.child.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
