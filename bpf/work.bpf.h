/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Room for one decision: paths, answer, peer, ledger key. Programs claim a slot and hand its number on; every
 * global function takes numbers and ctx only (older kernels verify no other arguments) and looks the room up itself.
 * Claimed, not merely per CPU: a program can be preempted by another one, or interrupted by one for a packet.
 * Programs that resolve paths have slots of their own, with a large `scratch` each. */
#ifndef UNDERPIN_WORK_BPF_H
#define UNDERPIN_WORK_BPF_H

#include "maps.bpf.h"

#define CPU_SLOTS_SHIFT 4
#define CPU_SLOTS (1 << CPU_SLOTS_SHIFT) /* kernel/object.ts makes room for every CPU */
#define PATH_SLOTS_SHIFT 2
#define PATH_SLOTS (1 << PATH_SLOTS_SHIFT) /* the first of a CPU's slots */

#define CHUNK 64

#define RAIL_ENFORCED 1
#define RAIL_AUDITED 2

struct answer {
	u64 subject;
	u32 policy; /* who denies, or would; 0: nobody, or nobody in particular */
	u32 rule;
	u8 enforced;
	u8 audited;
	u8 rails; /* RAIL_*: which of the two a guard rail denies */
	u8 zero[5];
};

struct peer {
	u8 address[16]; /* network order; IPv4 in the first four bytes */
	u16 port;	/* egress: remote; ingress and bind: local */
	u8 family;
	u8 protocol;
	u8 looped; /* not 0: by the loopback device */
	u8 zero[3];
} __attribute__((aligned(8)));

/* Too large for the stack. */
struct peer_keys {
	struct address_key address;
	struct port_key port;
	struct peer_key peer;
	struct place_key place;
	struct identity_key identity;
};

struct packet {
	struct peer peer; /* remote address and port */
	u16 local_port;
	u16 bound_port; /* of its socket */
	u16 payload;	/* offset of the transport payload; 0: none */
	u16 datagram;	/* the same for UDP */
	u32 seq;	/* of the first payload byte */
	u32 urgent; /* 1 + offset of a payload byte that is not part of what the other end reads; 0 (or past
			it): none */
	bool egress;
	bool syn;
	bool routed; /* it names other hosts than its destination (source route, routing header) */
};

/* Which path of a slot. The first two are what `image` is made of. */
enum work_path {
	WORK_EXE = 0,
	WORK_FROM = 1,
	WORK_SCRIPT = 2,
	WORK_FILE = 3,
	WORK_PATHS = 4,
};

/* The first bytes of a connection, being looked through. */
struct inspection {
	struct inspected ours;	 /* of the packet's direction; that part of the socket's row */
	struct inspected theirs; /* of the other direction */
	u32 left, offset; /* counters of a loop, in memory so that the verifier does not tell them apart */
};

/* What is to be looked at in a packet, and what was found. Read and written as volatile: in memory, so that the verifier
 * does not follow each combination of them. */
struct look {
	bool inspecting, options, resolving;
	bool connected; /* see hears_asked */
	bool sent;	/* decided when it was asked for */
	bool held;	/* by the socket's kept verdict */
	bool mining, station, handshake;
};

struct work {
	u32 busy;
	u8 lineage;   /* enum lineage of who asks */
	bool by_loop; /* a rule about the loopback device had a say */
	u8 zero[2];
	u64 root;     /* home of who asks: see process_row; 0: not known */
	u32 mount_ns; /* the same */
	u32 zero_2;
	union {
		struct image_row image;
		struct path_key path[WORK_PATHS];
	};
	struct answer answer;	      /* of the last decision */
	struct answer first;	      /* of those before, where several subjects decide */
	struct answer either;	      /* of the other reading, where who began is not known */
	struct answer led;	      /* of the places before, where a Service leads to several */
	struct rule_bits hit;	      /* rules that a decision hits */
	struct rule_bits whom;	      /* rules about a peer */
	struct rule_bits named;	      /* rules about names of the peer's address */
	struct dns_belief belief;     /* in one of its names; too large for the stack */
	struct dns_address_key known; /* under which they are looked up */
	u64 name;		      /* of the peer, for people: hash; 0: none */
	u64 since;		 /* names of hosts count that had not expired then; 0: now, and set to that */
	struct socket_row fresh; /* of a socket without a row */
	struct peer peer;	 /* that a network decision is about */
	struct peer_keys keys;	 /* under which it is looked up */
	struct ledger_key key;	 /* of what is recorded next */
	struct packet packet;
	struct look look;
	struct rule_bits all, some; /* too large for the stack: of a file's rules, of a Service's */
	struct inspection inspection;
	char chunk[CHUNK];
};

/* An array with room for every slot of every CPU, not a per-CPU one: its look-up costs a few instructions. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CPU_SLOTS);
	__type(key, u32);
	__type(value, struct work);
} works __weak SEC(".maps");

static __always_inline struct work *work_of(u32 slot)
{
	return bpf_map_lookup_elem(&works, &slot);
}

/* One of its paths; which of them has been checked. The mask is for 5.10, whose verifier forgets the bounds of a number
 * that was put on the stack. */
static __always_inline struct path_key *work_path(struct work *work, u32 which)
{
	asm volatile("%0 &= %1" : "+r"(which) : "i"(WORK_PATHS - 1));
	return &work->path[which];
}

/* The exchange needs Linux 5.12. On older kernels the loader turns it into a plain load (kernel/object.ts): no
 * program is preempted there, only interrupted by others that end first, and then load and store are enough. */
static __always_inline bool claim(struct work *work)
{
	if (__sync_lock_test_and_set(&work->busy, 1))
		return false;
	*(volatile u32 *)&work->busy = 1;
	return true;
}

static __always_inline int claim_of(u32 first, u32 count_of_slots)
{
	u32 cpu = bpf_get_smp_processor_id();

	for (u32 i = 0; i < count_of_slots; i++) {
		u32 slot = (cpu << CPU_SLOTS_SHIFT) + first + i;
		struct work *work = work_of(slot);

		if (work && claim(work))
			return slot;
	}
	count(COUNTER_SCRATCH_BUSY);
	return -1;
}

/* A slot's number, or -1; each must be released. */
static __always_inline int claim_path_slot(void)
{
	return claim_of(0, PATH_SLOTS);
}

static __always_inline int claim_slot(void)
{
	return claim_of(PATH_SLOTS, CPU_SLOTS - PATH_SLOTS);
}

static __always_inline void release_slot(u32 slot)
{
	struct work *work = work_of(slot);

	if (work)
		*(volatile u32 *)&work->busy = 0;
}

#endif
