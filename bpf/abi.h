/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Everything that crosses the boundary between the kernel and user space: keys and values of maps, and
 * records of rings. Fixed widths, padding written out (layout.bpf.c is compiled with -Wpadded -Werror).
 * enforcer/src/kernel/abi.gen.ts is generated from the BTF of these types; nothing is typed twice. */
#ifndef UNDERPIN_ABI_H
#define UNDERPIN_ABI_H

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
	LIMIT_STATES = 6144, /* states of all automata together */
	LIMIT_CARRIED = 4,   /* subjects that one process carries; one more, and everything is denied to it */
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
	DECISION_COUNT = 8,
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
};

/* Privileged acts besides capabilities, whose numbers are the kernel's (below 64). */
enum privilege {
	PRIVILEGE_TRACE = 64,
	PRIVILEGE_BPF = 65,
	PRIVILEGE_MOUNT = 66,
	PRIVILEGE_KERNEL_MODULES = 67,
	PRIVILEGE_USER_NAMESPACES = 68,
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
};

/* bpffs control block: one row. */
struct control {
	u64 key[2]; /* of the path hash; made once per installation, so that nobody can aim at a collision */
	u32 generation;	   /* raised by every applied plan: cached verdicts of older generations are stale */
	u32 cgroup_start;  /* first state of the automaton of cgroup patterns; 0: no patterns */
	u32 stratum_start; /* first state of the automaton of mining handshakes; 0: not looked for */
	u32 abi;	   /* version of this file's layout, set by the agent that made the maps */
	u32 decides;	   /* enum decides */
	u32 zero;
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
	u8 zero[2];
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

struct privilege_key {
	u32 ruleset;
	u32 privilege; /* a capability's number, or enum privilege */
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
	u8 zero[3];
	u64 asked;	/* image for which exec was allowed just now, until it is in place; 0: none */
	u64 asked_file; /* address of its file */
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

struct socket_row {
	u64 subject; /* of the cgroup */
	u64 carried; /* of the process, when it is another one */
	u64 image;
	u32 generation;
	u32 next_seq;  /* TCP sequence number of the first byte not inspected yet */
	u16 port;      /* host order */
	u16 inspected; /* payload bytes inspected */
	u16 state;     /* of the protocol automaton */
	u8 kind;
	u8 verdict;
	u8 protocol;
	u8 family;
	u8 stratum; /* 0, see packet.bpf.c */
	u8 would_deny;
	u32 policy; /* for the ledger: who denies (or would) */
	u8 address[16];
	u32 rule;
	u8 lineage; /* enum lineage, of the process */
	u8 zero[3];
};

struct automaton_row {
	u16 next[256]; /* state after this byte; 0: dead */
	u32 accept;    /* binding; 0: not accepting */
	u32 container; /* the same for what is a container by its cgroup's name */
};

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
	COUNTER_COUNT,
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
	u8 zero[5];
	u8 address[16];
};

#endif
