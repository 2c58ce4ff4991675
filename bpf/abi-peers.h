/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is at an address: pods and Services, as numbers that rules know. */
#ifndef UNDERPIN_ABI_PEERS_H
#define UNDERPIN_ABI_PEERS_H

#include "abi-words.h"

enum peer_limit {
	PEER_LIMIT_BEHIND = 16, /* kinds of places that one Service address leads to */
};

struct peer_key {
	u8 address[16]; /* network order; IPv4 in the first four bytes */
	u8 family;	/* 4 or 6 */
	u8 zero[7];
};

/* Identities; 0: none that any rule is about. */
struct peer_row {
	u64 to;	  /* of who is reached there */
	u64 from; /* of who is heard from there */
};

struct place_key {
	u8 address[16];
	u16 port; /* host order */
	u8 protocol;
	u8 family;
};

/* A kind of place that a Service leads to. */
struct behind {
	u64 identity;
	u16 port; /* host order */
	u8 zero[6];
};

/* What is known of one port of an address: it stands instead of the address's row. */
struct place_row {
	u64 identity;
	u32 count; /* of `behind`; more than fit: nobody says where it leads */
	u32 zero;
	struct behind behind[PEER_LIMIT_BEHIND];
};

struct identity_key {
	u32 ruleset;
	u32 zero;
	u64 identity;
};

/* Where datagrams of a socket really went, that asked for another address. */
struct translated_key {
	u64 socket; /* cookie */
	u8 address[16];
	u16 port; /* host order */
	u8 family;
	u8 zero[5];
};

struct translated_row {
	u8 address[16]; /* asked for */
	u16 port;
	u8 family;
	u8 zero[5];
};

#endif
