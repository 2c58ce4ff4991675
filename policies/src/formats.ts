// SPDX-License-Identifier: Apache-2.0
// The formats that schema.json names: for each, the one reader that decides whether a value has it.
import { readCidr } from './address.ts'
import { readCgroupPattern, readImagePattern } from './cgroup-pattern.ts'
import { isComplaint, type Complaint } from './complaint.ts'
import { readDate } from './date.ts'
import { readExpression } from './expression.ts'
import {
  readDnsPattern,
  readLabelKey,
  readLabelName,
  readLabelValue,
  readNamePattern,
  readObjectName,
} from './names.ts'
import { readPathPattern } from './path-pattern.ts'
import { readPort } from './port.ts'

const readers: Record<string, (text: string) => object> = {
  'object-name': readObjectName,
  'label-name': readLabelName,
  'label-key': readLabelKey,
  'label-value': readLabelValue,
  'name-pattern': readNamePattern,
  'image-pattern': readImagePattern,
  'cgroup-pattern': readCgroupPattern,
  'path-pattern': readPathPattern,
  'dns-pattern': readDnsPattern,
  'selection-expression': (text) => readExpression('selection', text),
  'check-expression': (text) => readExpression('check', text),
  cidr: readCidr,
  date: readDate,
  port: readPort,
}

export const formatNames = Object.keys(readers)

/** What is wrong with a value, or undefined when it has the format. */
export function formatComplaint(format: string, value: string | number): Complaint | undefined {
  const result = readers[format]?.(String(value))
  return result && isComplaint(result) ? result : undefined
}

/** For the validators that are made from schema.json. */
export const formats = Object.fromEntries(
  formatNames.map((name) => [
    name,
    { validate: (text: string) => formatComplaint(name, text) === undefined },
  ]),
)
