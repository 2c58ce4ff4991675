/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sums of what processes exchange with others, while somebody counts (flows.bpf.c). */
#ifndef UNDERPIN_ABI_FLOW_H
#define UNDERPIN_ABI_FLOW_H

#include "abi-words.h"

/* All zero: everything that found no row of its own. */
struct flow_key {
	u64 subject; /* or the id of the socket's cgroup, where that is in none */
	u64 image;
	u32 pid;  /* in the initial pid namespace; 0: a socket from before the count */
	u16 port; /* of who was asked: the remote one, or the local one of what came in */
	u8 protocol;
	u8 family;
	u8 incoming; /* not 0: the other end began */
	u8 zero[7];
	u8 address[16]; /* of the other end */
};

struct flow_row {
	u64 connections; /* TCP: begun; others: sockets */
	u64 sent_packets;
	u64 sent_bytes; /* of IP packets */
	u64 heard_packets;
	u64 heard_bytes;
	u64 first; /* ns since boot */
	u64 last;
	u64 exe;  /* names: hash of the executable's path; 0: not known */
	u64 from; /* names: hash of the caller's path */
};

/* Whose socket it is; what it accepts inherits this. */
struct flow_owner {
	u64 subject;
	u64 image;
	u32 pid;
	u8 seen;     /* not 0: a packet of it has been counted */
	u8 incoming; /* not 0: the other end began */
	u8 zero[2];
};

#endif
