// SPDX-License-Identifier: Apache-2.0
// Node's HTTP without its imports: those read every name of the module, among them WebSocket, and so load a whole second
// HTTP client (Node.js 24, lib/http.js, its lazy getters). That is 9 MiB of each process that runs all the time.
import type * as Http from 'node:http'

const http: typeof Http = process.getBuiltinModule('node:http')
export const { createServer, request } = http
