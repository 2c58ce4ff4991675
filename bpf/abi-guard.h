/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is ours, as the kernel itself knows it, and who the agent is. */
#ifndef UNDERPIN_ABI_GUARD_H
#define UNDERPIN_ABI_GUARD_H

#include "abi-words.h"

/* What was attacked: for the ledger. */
enum attacked {
	ATTACKED_MAP = 0,
	ATTACKED_PROGRAM = 1,
	ATTACKED_LINK = 2,
	ATTACKED_PIN = 3,
	ATTACKED_MOUNT = 4,
	ATTACKED_AGENT_SIGNAL = 5,
	ATTACKED_AGENT_TRACE = 6,
	ATTACKED_AGENT_PROCESS = 7, /* limits, priorities, memory, /proc/PID */
	ATTACKED_AGENT_CGROUP = 8,
};

/* Kinds of rows of `guarded`. */
enum guarded_kind {
	GUARDED_MAP = 1, /* id */
	GUARDED_PROGRAM = 2,
	GUARDED_LINK = 3,
	GUARDED_MOUNT = 4,  /* id of a mount on which the pins are, or on which such a mount is */
	GUARDED_PEERS = 5,  /* its peer group: what is done to one of them happens to all */
	GUARDED_FOLDER = 6, /* device and inode of a folder on the way to the pins */
	GUARDED_CGROUP = 7, /* id of a cgroup in which the agent is; written by the kernel */
	GUARDED_EXEMPT = 8, /* a subject that the agent is in; written by the kernel */
	GUARDED_HANDOVER =
		9, /* 0: an agent in a container ended as it was told to; nobody is guarded against until the next */
};

struct guarded_key {
	u32 kind;   /* enum guarded_kind */
	u32 device; /* as the kernel counts: major number << 20 | minor; 0 where it is about no inode */
	u64 id;
};

/* One row: what the guard looks at first. */
struct guard_row {
	u64 pins;    /* inode of the folder of the pins; 0: not set up yet */
	u32 device;  /* its file system's */
	u32 expects; /* not 0: whoever reads the pin of identity_tasks next is the agent */
	u64 start;   /* of the agent, ns since boot: its number may be another process's some day */
	u64 cgroup;  /* id of the one that it was in when it made itself known */
	u32 agent;   /* its process number in the initial pid namespace; 0: none yet */
	u32 zero;
};

#endif
