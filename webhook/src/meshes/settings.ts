// SPDX-License-Identifier: Apache-2.0
// What an installation of a mesh may set differently from its chart. Each mesh declares its settings as a
// table; the same table reads --mesh-settings, names what is wrong there, and documents the settings.

import { isFields, type Fields } from '../fields.ts'

/** Reads one setting; undefined when the value is not of its shape. */
export type Setting<T> = { what: string; shape: string; read: (value: unknown) => T | undefined }

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>

export type SettingsOf<T extends SettingsTable> = {
  readonly [K in keyof T]?: NonNullable<ReturnType<T[K]['read']>>
}

export type SettingProblem = { path: string; found: string; expected: string }

export const textSetting = (what: string): Setting<string> => ({
  what,
  shape: 'a text',
  // "1.26" without quotes is a number in YAML.
  read: (value) =>
    typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined,
})
export const flagSetting = (what: string): Setting<boolean> => ({
  what,
  shape: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
})
export const numberSetting = (what: string): Setting<number> => ({
  what,
  shape: 'a number',
  read: (value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined),
})
export const textsSetting = (what: string): Setting<readonly string[]> => ({
  what,
  shape: 'a list of texts',
  read: (value) =>
    Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined,
})
export const numbersSetting = (what: string): Setting<readonly number[]> => ({
  what,
  shape: 'a list of numbers',
  read: (value) =>
    Array.isArray(value) && value.every((one) => typeof one === 'number') ? value : undefined,
})
export const selectorsSetting = (what: string): Setting<readonly Fields[]> => ({
  what,
  shape: 'a list of label selectors',
  read: (value) => (Array.isArray(value) && value.every(isFields) ? value : undefined),
})

/** Every mesh has these; a mesh's table begins with them. */
export const commonSettings = {
  version: textSetting('version of the mesh, as "1.26"; without it the stricter reading counts'),
  images: textsSetting(
    'further repositories of its images, such as "mirror.example/istio/proxyv2"',
  ),
  cni: flagSetting('the CNI plugin of the mesh sets up the redirect, not an init container'),
}

export type Settings = SettingsOf<typeof commonSettings>

/** All problems at once; what is wrong is left out of the settings. */
export function readSettings(
  table: SettingsTable,
  given: unknown,
  path: string,
): { settings: Settings; problems: SettingProblem[] } {
  const problems: SettingProblem[] = []
  const settings: Record<string, unknown> = {}
  if (!isFields(given)) {
    const expected = 'a mapping of settings'
    return { settings, problems: [{ path, found: shown(given), expected }] }
  }
  for (const [key, value] of Object.entries(given)) {
    const setting = Object.hasOwn(table, key) ? table[key] : undefined
    const read = setting?.read(value)
    if (setting === undefined) {
      const expected = `one of ${Object.keys(table).join(', ')}`
      problems.push({ path: `${path}.${key}`, found: 'an unknown setting', expected })
    } else if (read === undefined) {
      problems.push({ path: `${path}.${key}`, found: shown(value), expected: setting.shape })
    } else settings[key] = read
  }
  return { settings, problems }
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60)
}
