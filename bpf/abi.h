/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Everything that crosses the boundary between the kernel and user space: keys and values of maps, and
 * records of rings. Fixed widths, padding written out (layout.bpf.c is compiled with -Wpadded -Werror).
 * enforcer/src/kernel/abi.gen.ts is generated from the BTF of these types; nothing is typed twice. */
#ifndef UNDERPIN_ABI_H
#define UNDERPIN_ABI_H

#include "abi-words.h"
#include "abi-policy.h"
#include "abi-process.h"
#include "abi-record.h"
#include "abi-guard.h"
#include "abi-dns.h"
#include "abi-peers.h"
#include "abi-flow.h"

#endif
