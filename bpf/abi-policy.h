/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent writes and the kernel reads: a policy, compiled to rows, and whom it binds. */
#ifndef UNDERPIN_ABI_POLICY_H
#define UNDERPIN_ABI_POLICY_H

#include "abi-words.h"

/* A set of rules of one ruleset. Every dimension of a decision (executable, caller, address, port) is one
 * look-up that answers such a set; the rules that hit are their intersection. */
struct rule_bits {
	u64 word[LIMIT_RULE_WORDS];
};

/* Kinds of decisions that some ruleset in force makes: the others cost one look-up. */
enum decides {
	DECIDES_FILES = 1,
	DECIDES_PRIVILEGES = 2,
	DECIDES_CODE = 4,
	DECIDES_SOCKETS = 8,
};

/* bpffs control block: one row. */
struct control {
	u64 key[2]; /* of the path hash; made once per installation, so that nobody can aim at a collision */
	u32 generation;	   /* raised by every applied plan: cached verdicts of older generations are stale */
	u32 cgroup_start;  /* first state of the automaton of cgroup patterns; 0: no patterns */
	u32 stratum_start; /* first state of the automaton of mining handshakes; 0: not looked for */
	u32 abi;	   /* version of this file's layout, set by the agent that made the maps */
	u32 decides;	   /* enum decides */
	u32 handover; /* what decides for `pending` while no agent is there, a binding; 0: the same as ever */
	u8 object[32]; /* SHA-256 of the object whose programs are attached */
	u64 top;       /* id of the cgroup below which subjects are looked for; 0: everywhere */
	u32 mount_ns;  /* inode number of the host's mount namespace; 0: not known, see container.bpf.h */
	u32 pid_ns;    /* the same of its pid namespace */
	u32 container; /* binding of a container that no cgroup pattern selects; 0: no plan yet */
	u32 pending;   /* binding of a pod whose UID nobody knows */
};

/* Set by others than the agent, so they are rows of their own. */
enum flag {
	FLAG_OBSERVE = 0,	 /* not 0: somebody watches, tell of allowed decisions as well */
	FLAG_CGROUPS_FULL = 1,	 /* not 0: a cgroup could not be recorded; look at ancestors on a miss */
	FLAG_PROCESSES_FULL = 2, /* not 0: a process's row could not be written; look at `strays` on a miss */
	FLAG_BLIND_ORIGIN = 3, /* not 0: this kernel does not tell an overlay's upper files from its lower */
	FLAG_COUNT = 4,
};

/* Which policies select a subject, as one number; the pointer that a plan switches. */
struct binding_row {
	u32 ruleset; /* 0: no policy, everything is allowed */
	u8 scope;
	u8 zero[3];
};

struct pod_key {
	u8 uid[16];
};

struct pod_row {
	u32 binding;
};

/* The first policy that denies what nothing allows; 0: none. */
struct restricting {
	u32 enforced; /* in enforce */
	u32 audited;  /* in any mode */
};

struct ruleset_row {
	struct rule_bits enforced; /* rules of policies in `enforce` */
	struct rule_bits deny;	   /* guard rails */
	struct rule_bits any_exe;  /* rules for every process */
	struct rule_bits any_from; /* rules for every caller */
	struct rule_bits any_peer; /* rules for every address */
	struct rule_bits any_port; /* rules for every port and protocol */
	struct rule_bits exec;
	struct rule_bits egress;
	struct rule_bits ingress;
	struct rule_bits bind;
	struct rule_bits stratum;
	struct rule_bits any_file; /* rules for every file */
	struct rule_bits file;
	struct rule_bits any_privilege; /* rules for every privilege */
	struct rule_bits privilege;
	struct rule_bits code_file;	    /* guard rails against code from other files than the image's */
	struct rule_bits code_memory;	    /* guard rails against code from memory */
	struct rule_bits entrypoint;	    /* rules for LINEAGE_ENTRYPOINT only */
	struct rule_bits started_exec;	    /* rules for LINEAGE_EXEC only */
	struct restricting restricts;	    /* what processes may start and talk to */
	struct restricting restricts_files; /* what they may open */
	struct restricting restricts_privileges; /* what they may do to the system */
	u8 exe_below;				 /* not 0: some rule names a directory for `exe` or `from` */
	u8 file_below;				 /* the same for files */
	u8 decides_files;			 /* not 0: some rule limits which files may be opened */
	u8 decides_privileges;			 /* not 0: the same for privileges */
	u8 decides_code;			 /* not 0: a guard rail about code */
	u8 asks_lineage;			 /* not 0: some rule is for one lineage only */
	u8 asks_names;				 /* enum asks_names */
	u8 names_below;				 /* not 0: some of them are patterns */
	struct rule_bits socket;		 /* rules about ways to talk */
	struct rule_bits resolver; /* rules about port 53 of certain addresses: their answers are believed */
	struct rule_bits looped;   /* rules about what comes over the subject's own loopback device */
	u32 asks_identity;	   /* not 0: some rule is about pods or Services, or denies egress */
	u32 zero;
};

/* The policies that a plan knows, and the rules that can be blamed: a report needs no running agent. */
struct policy_row {
	u8 enforce; /* 1: enforce, 0: audit */
	u8 gone;    /* 1: no loaded policy has this key any more */
	u8 zero[6];
	char key[LIMIT_NAME]; /* Kind/namespace/name */
};

struct rule_key {
	u32 ruleset;
	u32 rule;
};

struct rule_row {
	u32 policy;
	char path[60]; /* in the policy: spec.deny[0] */
};

struct exe_key {
	u32 ruleset;
	u32 kind; /* enum path_kind */
	u64 hash;
};

struct exe_row {
	struct rule_bits exe;  /* rules whose `exe` this path matches */
	struct rule_bits from; /* rules whose `from` this path matches */
};

struct file_row {
	struct rule_bits read;	/* rules with this path that are about opening it for reading */
	struct rule_bits write; /* the same for writing */
};

/* Ways to talk share the table of privileges. */
enum privilege_base {
	PRIVILEGE_SOCKET = 256,
};

struct privilege_key {
	u32 ruleset;
	u32 privilege; /* a capability's number, enum privilege, or PRIVILEGE_SOCKET and enum socket_use */
};

struct address_key {
	u32 prefix; /* bits of what follows: 64 + the network's */
	u32 ruleset;
	u8 family; /* 4 or 6 */
	u8 zero[3];
	u8 address[16]; /* network order; IPv4 in the first four bytes */
};

struct port_key {
	u32 prefix; /* bits of what follows: 48 + the port's */
	u32 ruleset;
	u8 protocol; /* IANA number */
	u8 zero;
	u8 port[2]; /* network order */
};

struct automaton_row {
	u16 next[256]; /* state after this byte; 0: dead */
	u32 accept;    /* binding; 0: not accepting */
	u32 container; /* the same for what is a container by its cgroup's name */
};

#endif
