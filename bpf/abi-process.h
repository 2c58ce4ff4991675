/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who acts: subjects, what their processes run, and the sockets that they hold. */
#ifndef UNDERPIN_ABI_PROCESS_H
#define UNDERPIN_ABI_PROCESS_H

#include "abi-words.h"

struct cgroup_row {
	u64 subject; /* id of the cgroup at the top of the subject's subtree */
	u32 started; /* not 0: the first program of this cgroup has been started */
	u32 zero;
};

struct subject_row {
	u32 binding; /* index in `bindings` */
	u8 scope;    /* enum scope */
	u8 started; /* not 0: the first program of this virtual subject has been started, see container.bpf.h */
	u8 zero[2];
	u32 ledger_rows; /* rows of this subject in the ledger, approximately (never too few) */
	u32 images;	 /* images that it added since the agent cleaned up */
};

/* For people; losing one loses a name, never a verdict. */
struct subject_name {
	u8 scope;
	u8 zero[7];
	u8 uid[16]; /* of the pod; zero for other scopes */
	char cgroup[LIMIT_NAME];
};

/* A path, ready to be asked about: hash of all of it, and of its directories from "/" on. */
struct path_key {
	u64 hash;
	u64 dirs[LIMIT_DIRS];
	u8 dir_count;
	u8 state; /* enum path_state */
	u8 zero[6];
};

/* What a process runs, and who called exec: interned, so that every process and socket carries one number. */
struct image_row {
	struct path_key exe;
	struct path_key from;
};

struct grant_key {
	u32 ruleset;
	u32 zero;
	u64 image;
};

struct process_row {
	u64 image;
	u64 subject; /* carried since the process entered a pod or unmanaged subject; 0: none */
	u64 root; /* home: address of the root directory's dentry when it started its first program here; 0:
			not known */
	u32 mount_ns; /* home: inode number of the mount namespace; 0: not known */
	u8 lineage;   /* enum lineage */
	u8 fresh;     /* not 0: written when it was forked, and not looked at a second time */
	u8 zero[2];
	u64 asked; /* image for which exec was allowed just now, until it is in place; 0: none; IMAGE_ANY: it is */
	u64 asked_file; /* of its file, see asked_of */
};

/* Several subjects that one process carries. The key is SUBJECT_SET and a hash of them; rows never change. */
struct subject_set {
	u64 subject[LIMIT_CARRIED]; /* 0: no more */
};

/* Bits of a subject's number that no id of a cgroup has. */
enum subject_bit {
	SUBJECT_SET = 62,     /* a row of `subject_sets` */
	SUBJECT_VIRTUAL = 63, /* a container without a cgroup of its own: the rest is its pid namespace */
};

/* What a process of LINEAGE_RUNTIME came with; see runtime.bpf.h. */
struct runtime_row {
	u64 program; /* address of the inode of what it runs */
	u64 ino;     /* number of that inode */
	u64 size;    /* bytes of the file */
	u32 mount_ns;
	u32 zero;
};

enum socket_kind {
	SOCKET_OWNED = 0,    /* created, nothing asked for yet */
	SOCKET_ASKED = 1,    /* connected or sent to `address` `port` */
	SOCKET_BOUND = 2,    /* bound or listening on `port`: each remote address is decided */
	SOCKET_ACCEPTED = 3, /* accepted from `address` on local `port` */
	SOCKET_RAW = 4,	     /* the process writes headers: each packet is decided */
	SOCKET_FOREIGN = 5,  /* opened before us, or by the kernel: decided from its packets */
	SOCKET_FREE = 6,     /* no subject */
};

/* How far the first bytes of a connection have been looked through, in one direction. */
struct inspected {
	u32 next_seq; /* TCP sequence number of the first byte not looked at yet */
	u16 bytes;    /* of payload, so far */
	u16 state;    /* of the protocol automaton */
	u16 high;     /* of these bytes, how many are no ASCII */
	u16 escape;   /* state of the table of escapes */
};

struct socket_row {
	u64 subject; /* of the cgroup */
	u64 carried; /* of the process, when it is another one */
	u64 image;
	u64 since; /* ns since boot: when names of hosts had a say; 0: they had none */
	u32 generation;
	struct inspected sent;
	struct inspected heard;
	u16 port; /* host order */
	u8 kind;
	u8 verdict;
	u8 protocol;
	u8 family;
	u8 stratum; /* 0, see packet.bpf.c */
	u8 would_deny;
	u32 policy; /* for the ledger: who denies (or would) */
	u8 address[16];
	u32 rule;
	u8 lineage;    /* enum lineage, of the process */
	u8 translates; /* not 0: a datagram went elsewhere than asked, see translated.bpf.h */
	u8 asked_family;
	u8 shared;	      /* not 0: programs of several kinds hold it, see owners.bpf.c */
	u8 asked[16];	      /* by a bound socket's last datagram, in this generation: */
	u32 asked_generation; /* 0: nothing */
	u16 asked_port;
	u8 zero_2[2];
};

#endif
