/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is told: the ledger, events, counters; and what a test asks. */
#ifndef UNDERPIN_ABI_RECORD_H
#define UNDERPIN_ABI_RECORD_H

#include "abi-process.h"

/* The ledger: exact counts of what was denied, or would be if every policy enforced. */
struct ledger_key {
	u64 subject;
	u64 image; /* for exec: the image that was asked for */
	u32 policy;
	u16 port; /* for files: enum access; for privileges: the privilege */
	u8 decision;
	u8 outcome;
	u8 protocol;
	u8 family;
	u8 hook;
	u8 other; /* not 0: the row of everything that found no row of its own */
	u32 rule;
	u8 address[16]; /* for code and files: hash of the path in the first eight bytes; 0: memory */
	u8 lineage;	/* enum lineage of who asked */
	u8 origin;	/* for exec and code: enum origin */
	u8 zero[6];
};

struct ledger_row {
	u64 count;
	u64 first; /* ns since boot, suspended time included */
	u64 last;
	u64 emitted; /* when this row last sent an event */
	u64 exe;     /* names: hash of the executable's path */
	u64 from;    /* names: hash of the caller's path */
	u32 pid;     /* the last one, in the initial pid namespace */
	u32 zero;
	u64 name; /* hash of the host name by which the subject got the address; 0: none */
};

struct name_row {
	u16 length; /* bytes of the whole path; longer than LIMIT_NAME - 1: its end is kept */
	u8 state;   /* enum path_state */
	u8 zero[5];
	char text[LIMIT_NAME];
};

enum event_kind {
	EVENT_DECISION = 1,
	EVENT_SUBJECT = 2, /* a subject was made (or bound) in the kernel */
	/* Only while somebody watches; without a subject, `what.subject` is the cgroup's id. */
	EVENT_START = 3, /* a program was started */
	EVENT_EXIT = 4,	 /* a process has ended; `count`: its status, as wait(2) has it */
	EVENT_OPEN = 5,	 /* a file was opened */
};

/* System calls that were counted while somebody watched. */
struct syscall_key {
	u64 cgroup; /* id */
	u64 number;
};

struct event {
	u64 time; /* ns since boot */
	u64 exe;
	u64 from;
	u32 kind; /* enum event_kind */
	u32 pid;
	struct ledger_key what;
	u64 count; /* of the ledger row, this one included */
	u64 name;  /* as in struct ledger_row */
};

enum counter {
	COUNTER_EXEC = 0,
	COUNTER_CONNECT,
	COUNTER_SENDMSG,
	COUNTER_BIND,
	COUNTER_PACKET_DECIDED, /* packets that found no current verdict */
	COUNTER_DENIED,		/* decisions denied, or that would be: emitted + suppressed + lost */
	COUNTER_EMITTED,
	COUNTER_SUPPRESSED,
	COUNTER_LOST,
	COUNTER_LEDGER_OTHER,
	COUNTER_LEDGER_NOWHERE, /* not even an "other" row: counted in `ledger_rest` */
	COUNTER_PATH_UNRESOLVED,
	COUNTER_SIGNAL_FAILED,
	COUNTER_CGROUPS_FULL,
	COUNTER_SUBJECTS_FULL,
	COUNTER_PROCESSES_FULL,
	COUNTER_IMAGES_FULL,
	COUNTER_NAMES_FULL,
	COUNTER_SOCKETS_FULL,
	COUNTER_SCRATCH_BUSY,
	COUNTER_CGROUP_PATH_LONG,
	COUNTER_RULESET_MISSING,
	COUNTER_OBSERVED_LOST,
	COUNTER_CODE,
	COUNTER_FILE,
	COUNTER_PRIVILEGE,
	COUNTER_RUNTIME, /* execs of the container runtime itself, exempt */
	COUNTER_PENDING, /* subjects that were made without a known policy */
	COUNTER_SETS_FULL,
	COUNTER_RUNTIMES_FULL,
	COUNTER_SOCKET,
	COUNTER_DNS_ASKED,     /* questions whose answer counts */
	COUNTER_DNS_UNTRUSTED, /* questions to somebody who is not believed */
	COUNTER_DNS_UNASKED,   /* answers that nobody asked for, or from somebody else */
	COUNTER_DNS_MALFORMED, /* answers that are not whole */
	COUNTER_DNS_UNREAD,    /* messages that could not be read: over several segments, or no room */
	COUNTER_DNS_LEARNED,   /* addresses, each time one is learned */
	COUNTER_DNS_CROWDED,   /* names that had no place, or lost it, since an address has too many */
	COUNTER_DNS_EVICTED,   /* addresses that still counted, and made place for another one */
	COUNTER_DNS_FULL,      /* addresses not learned: no room */
	COUNTER_UNSEEN_FULL,   /* encrypted connections that found no room in `unseen` */
	COUNTER_COUNT,
};

/* Encrypted connections of processes that a guard rail looks into the payload of: nobody can say what is in them. */
struct unseen_key {
	u64 subject;
	u64 image;
	u64 name; /* mixed from the server's name; 0: none was sent */
	u16 port;
	u8 family;
	u8 zero[5];
	u8 address[16];
};

struct unseen_row {
	u64 count;
	u64 first; /* ns since boot */
	u64 last;
	u64 exe;  /* names: hash of the executable's path */
	u64 from; /* names: hash of the caller's path */
	u32 policy;
	u32 rule;
	u32 length; /* bytes of the name */
	u32 zero;
	char name[LIMIT_NAME];
};

/* What a test asks the decision functions, through the `ask` program. */
struct question {
	u64 subject;
	struct path_key exe;
	struct path_key from;
	struct path_key script; /* the file, when the decision is about one */
	u8 decision;
	u8 has_script;
	u8 protocol;
	u8 family;
	u16 port;    /* for files: enum access; for privileges: the privilege */
	u8 enforced; /* answer */
	u8 audited;  /* answer */
	u32 policy;  /* answer */
	u32 rule;    /* answer */
	u8 lineage;  /* enum lineage */
	u8 origin;   /* enum origin, of exe or of the mapped code */
	u8 script_origin;
	u8 looped;
	u8 zero[4];
	u8 address[16];
};

#endif
