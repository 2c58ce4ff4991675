/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words and limits that both sides of the boundary count with. */
#ifndef UNDERPIN_ABI_WORDS_H
#define UNDERPIN_ABI_WORDS_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

enum limit {
	LIMIT_RULE_WORDS = 4,	/* 64 rules each: at most 256 rules decide about one subject */
	LIMIT_DIRS = 17,	/* directories of a path that a "below" pattern can name: "/" and 16 levels */
	LIMIT_COMPONENTS = 128, /* path levels that we resolve; a deeper path matches nothing */
	LIMIT_NAME = 256, /* bytes kept of a path for people; decisions use the hash of the whole path */
	LIMIT_CGROUP_PATH = 1024,    /* bytes of a cgroup path that patterns can look at */
	LIMIT_SUBJECT_LEDGER = 4096, /* ledger rows of one subject, before its "other" rows count */
	LIMIT_SUBJECT_IMAGES = 2048, /* images that one subject adds, before its new programs are unknown */
	LIMIT_INSPECT = 512, /* first payload bytes of a connection in which a protocol is looked for */
	LIMIT_STATES = 6400, /* states of all automata together, and the table of escapes */
	LIMIT_STRATUM_STATES = 2750, /* of these, for mining handshakes; the table of escapes follows */
	LIMIT_CARRIED = 4, /* subjects that one process carries; one more, and everything is denied to it */
	LIMIT_PIDS = 4194304, /* the kernel's own highest limit of process numbers */
};

/* What a verdict is about. The same words as `kind` of a Decision in policies/. */
enum decision {
	DECISION_EXEC = 0,
	DECISION_EGRESS = 1,
	DECISION_INGRESS = 2,
	DECISION_BIND = 3,
	DECISION_PROTOCOL = 4,
	DECISION_CODE = 5,
	DECISION_FILE = 6,
	DECISION_PRIVILEGE = 7,
	DECISION_SOCKET = 8,
	DECISION_GUARD = 9, /* an attack on this guard itself: no policy asks for it, and none allows it */
	DECISION_COUNT = 10,
};

enum verdict {
	VERDICT_ALLOW = 0,
	VERDICT_DENY = 1,
};

/* What happened: would_deny was let through because only policies in audit deny it. */
enum outcome {
	OUTCOME_ALLOWED = 0,
	OUTCOME_WOULD_DENY = 1,
	OUTCOME_DENIED = 2,
};

/* Where a network decision was carried out. */
enum hook {
	HOOK_EXEC = 0,
	HOOK_CONNECT = 1,
	HOOK_SENDMSG = 2,
	HOOK_BIND = 3,
	HOOK_PACKET = 4,
	HOOK_MMAP = 5,
	HOOK_MPROTECT = 6,
	HOOK_OPEN = 7,
	HOOK_PRIVILEGE = 8,
	HOOK_SOCKET = 9,
	HOOK_RECEIVE = 10, /* a socket that another process sends */
	HOOK_GUARD = 11,
};

/* Where executable code comes from. */
enum origin {
	ORIGIN_UNKNOWN = 0, /* nobody could tell: decided as other */
	ORIGIN_IMAGE = 1,   /* a file of the container image's own layers */
	ORIGIN_OTHER = 2,   /* any other file: written later, a volume, a memory file */
	ORIGIN_MEMORY = 3,  /* anonymous memory, or changed pages of a file */
};

enum access {
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
	ACCESS_MOVE = 4, /* what is below goes elsewhere as well */
};

/* How a process came into its subject. */
enum lineage {
	LINEAGE_UNKNOWN = 0,	/* it was there before us: matches no rule that asks */
	LINEAGE_RUNTIME = 1,	/* put here from outside, has started no program of the subject yet */
	LINEAGE_ENTRYPOINT = 2, /* the first program of the container, and what that starts */
	LINEAGE_EXEC = 3,	/* what the runtime started later */
	LINEAGE_FIRST =
		4, /* only in the question whether a first program may start: LINEAGE_ENTRYPOINT, and more */
};

/* Privileged acts besides capabilities, whose numbers are the kernel's (below 64). */
enum privilege {
	PRIVILEGE_TRACE = 64,
	PRIVILEGE_BPF = 65,
	PRIVILEGE_MOUNT = 66,
	PRIVILEGE_KERNEL_MODULES = 67,
	PRIVILEGE_USER_NAMESPACES = 68,
};

/* Ways to talk that no address is about: socket families by the kernel's numbers (below 64), netlink protocols and acts. */
enum socket_use {
	SOCKET_USE_NETLINK = 64, /* and the protocol's number */
	SOCKET_USE_NETWORK_ADMIN = 96,
	SOCKET_USE_RAW = 97,
	SOCKET_USE_NONE = 255, /* IPv4, IPv6, unix, netlink's routing protocol: for everybody */
};

enum scope {
	SCOPE_NONE = 0,
	SCOPE_POD = 1,
	SCOPE_UNMANAGED = 2,
	SCOPE_HOST = 3,
};

enum mechanism {
	MECHANISM_NONE = 0,
	MECHANISM_LSM = 1,
	MECHANISM_FMOD_RET = 2,
	MECHANISM_SIGNAL = 3,
};

enum path_state {
	PATH_UNRESOLVED = 0, /* memory file, outside of the process's root, or too deep: matches no pattern */
	PATH_RESOLVED = 1,
	PATH_DELETED = 2, /* unlinked: matches no pattern */
};

enum path_kind {
	PATH_EXACT = 0,
	PATH_BELOW = 1,
	PATH_ABOVE = 2, /* a directory on the way to what a guard rail protects */
};

enum image {
	IMAGE_UNKNOWN = 0, /* nobody knows what this process runs: only rules for any process apply */
	IMAGE_ANY = 1,	   /* a socket without an owner: every rule of the subject applies */
};

enum rule_blame {
	RULE_NONE = 0xffff, /* no rule decided: nothing matched, and a policy lists what may */
};

#endif
