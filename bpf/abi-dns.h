/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of hosts: what was asked, and which addresses a subject got by which name. */
#ifndef UNDERPIN_ABI_DNS_H
#define UNDERPIN_ABI_DNS_H

#include "abi-words.h"

/* What rules of a ruleset are about names of hosts. */
enum asks_names {
	ASKS_NAMES = 1,
	ASKS_NAMES_ENFORCED = 2, /* some of them are in `enforce` */
};

enum dns_limit {
	DNS_LIMIT_LEVELS = 8,	    /* labels of the domain in a pattern such as *.example.com */
	DNS_LIMIT_NAMES = 4,	    /* names by which one subject has one address at a time */
	DNS_LIMIT_ADDRESSES = 1024, /* addresses of one subject; one more takes the place of an old one */
	DNS_LIMIT_TTL = 604800,	    /* seconds: no answer is believed for longer (RFC 8767 says the same) */
	DNS_LIMIT_TEXT = 256,	    /* bytes of a name as it is in a message, its end included */
	DNS_LIMIT_RECORDS = 96,	    /* records of an answer that are looked at */
	DNS_LIMIT_CHAIN = 16,	    /* names of a chain of aliases */
	DNS_LIMIT_MESSAGES = 4,	    /* of one segment of TCP */
};

/* How long what an answer says is believed: max(its TTL, floor) + grace, in seconds. One row. */
struct dns_times {
	u32 floor;
	u32 grace;
};

/* A name, ready to be asked about: hash of all of it, and of every domain above it from the top on. */
struct dns_name {
	u64 hash;
	u64 above[DNS_LIMIT_LEVELS]; /* of its last label, its last two labels …; 0: no more */
};

/* One of the names by which an address was got. */
struct dns_belief {
	u64 expires; /* ns since boot */
	struct dns_name name;
};

struct dns_address_key {
	u64 subject;
	u8 address[16]; /* network order; IPv4 in the first four bytes */
	u32 family;	/* 4 or 6 */
	u32 zero;
};

struct dns_address_row {
	u32 zero_lock;
	u32 wanted; /* bit n: some rule was about the n-th name when it was learned */
	struct dns_belief belief[DNS_LIMIT_NAMES];
};

/* The places of one subject's addresses, taken in turn. */
struct dns_place_key {
	u64 subject;
	u32 place;
	u32 zero;
};

struct dns_turn_row {
	u32 zero_lock;
	u32 next; /* place */
};

/* A question that is under way. */
struct dns_question_key {
	u64 socket; /* cookie */
	u64 name;   /* hash */
	u16 id;
	u16 type;
	u32 zero;
};

struct dns_question_row {
	u8 sent_to[16]; /* where the packet went, after others redirected it */
	u8 asked[16];	/* whom the process asked */
	u8 sent_family;
	u8 asked_family;
	u8 loopback;   /* not 0: it left by the loopback device */
	u8 trusted;    /* bit n: the answer counts for the n-th subject of the socket */
	u16 sent_port; /* host order */
	u16 asked_port;
};

/* How far a TCP connection to a resolver has been read. */
struct dns_stream_row {
	u32 question;	     /* sequence number at which the next question begins */
	u32 answer;	     /* the same for answers */
	u16 question_length; /* of a message whose two bytes of length came alone */
	u16 answer_length;
	u8 question_state; /* enum dns_stream_state */
	u8 answer_state;
	u8 zero[2];
};

enum dns_stream_state {
	DNS_STREAM_UNKNOWN = 0, /* its beginning was not seen */
	DNS_STREAM_KNOWN = 1,
	DNS_STREAM_LOST =
		2, /* nobody knows any more where messages begin: nothing is learned from the rest */
	DNS_STREAM_HEADED = 3, /* the two bytes before the message came alone */
};

struct dns_resolver_key {
	u8 address[16];
	u32 family;
};

/* For people; losing one loses a name, never a verdict. */
struct dns_text {
	u8 length;		      /* 0: not known */
	u8 label[DNS_LIMIT_TEXT - 1]; /* as in a message: lengths and labels */
};

#endif
