/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef UNDERPIN_USER_BPF_ENDIAN_H
#define UNDERPIN_USER_BPF_ENDIAN_H

#define bpf_htonl(value) __builtin_bswap32(value)

#endif
