/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Verdicts about the packets of a socket: one that is kept for all of them, or one for each; and how they are counted. */
#ifndef UNDERPIN_VERDICT_BPF_H
#define UNDERPIN_VERDICT_BPF_H

#include "headers.bpf.h"

#define STRATUM_SEEN 1
#define STRATUM_DENIES 2 /* and that is why its packets are denied */

static __always_inline int decide_of(u32 slot, struct work *work, const struct socket_row *row, u32 decision)
{
	work->lineage = row->lineage;
	return decide_network_for(slot, decision, row->subject, row->carried, row->image);
}

/* Who began is not known: datagrams, raw packets, sockets from before us. A reply cannot be told from a
 * request, so either reading may allow it. A rail about the packet's own direction stands; what arrives at a
 * socket that has no port of its choice is taken for a reply. */
static __noinline void decide_either(u32 slot, struct work *work, const struct socket_row *row, u32 egress)
{
	struct packet *packet = &work->packet;
	u8 rails;

	work->peer = packet->peer;
	if (!egress)
		work->peer.port = packet->local_port;
	if (!decide_of(slot, work, row, egress ? DECISION_EGRESS : DECISION_INGRESS))
		return;
	work->either = work->answer;
	work->peer.port = egress ? packet->local_port : packet->peer.port;
	decide_of(slot, work, row, egress ? DECISION_INGRESS : DECISION_EGRESS);
	rails = egress || (row->kind == SOCKET_BOUND && row->port) ? work->either.rails : 0;
	milder(&work->either, &work->answer, rails);
	work->answer = work->either;
}

/* A mining handshake went out over this socket: true if that is what denies. */
static __noinline bool decide_protocol(u32 slot, struct work *work, const struct socket_row *row)
{
	struct answer first = work->answer;
	bool mining;

	work->peer = work->packet.peer;
	decide_of(slot, work, row, DECISION_PROTOCOL);
	mining = work->answer.enforced > first.enforced ||
		 (!first.enforced && work->answer.audited > first.audited);
	stricter(&first, &work->answer);
	work->answer = first;
	return mining;
}

static __always_inline void peer_of_row(struct peer *peer, const struct socket_row *row)
{
	peer->family = row->family;
	peer->port = row->port;
	__builtin_memcpy(peer->address, row->address, sizeof(peer->address));
}

/* Decides anew about a socket whose verdict holds for all of its packets, and keeps it: from what the process
 * asked for where that is known. */
static __noinline void redecide(u32 slot, struct work *work, struct socket_row *row, u32 generation)
{
	struct packet *packet = &work->packet;
	struct answer *answer = &work->answer;

	work->peer = packet->peer;
	if (row->kind == SOCKET_ASKED) {
		work->since = row->since; /* names that have expired still count for what they let begin */
		peer_of_row(&work->peer, row);
		decide_of(slot, work, row, DECISION_EGRESS);
	} else if (row->kind == SOCKET_ACCEPTED) {
		work->peer.port = packet->local_port;
		decide_of(slot, work, row, DECISION_INGRESS);
	} else {
		decide_either(slot, work, row, true);
	}
	if (row->stratum)
		row->stratum = decide_protocol(slot, work, row) ? STRATUM_DENIES : STRATUM_SEEN;
	if (row->kind != SOCKET_ASKED) {
		row->family = packet->peer.family;
		row->port = row->kind == SOCKET_ACCEPTED ? packet->local_port : packet->peer.port;
		__builtin_memcpy(row->address, packet->peer.address, sizeof(row->address));
	}
	row->verdict = answer->enforced;
	row->would_deny = answer->enforced == VERDICT_ALLOW && answer->audited == VERDICT_DENY;
	row->policy = answer->policy;
	row->rule = answer->rule;
	row->since = work->since;
	row->generation = generation;
}

/* Decides about one packet of a socket that talks to many; nothing is kept, since another packet may be under
 * way. Answers whether it is a mining handshake that denies. */
static __noinline bool decide_packet(u32 slot, struct work *work, const struct socket_row *row)
{
	if (row->protocol == IPPROTO_TCP && row->kind != SOCKET_RAW) {
		work->peer = work->packet.peer; /* a listener */
		work->peer.port = work->packet.local_port;
		decide_of(slot, work, row, DECISION_INGRESS);
		/* Its answer leaves by the port that was asked for, when that was redirected on the way in. */
		if (work->packet.egress && work->peer.port != work->packet.bound_port &&
		    work->answer.audited) {
			work->either = work->answer;
			work->packet.local_port = work->peer.port = work->packet.bound_port;
			decide_of(slot, work, row, DECISION_INGRESS);
			milder(&work->either, &work->answer, 0);
			work->answer = work->either;
		}
		return false;
	}
	decide_either(slot, work, row, work->packet.egress);
	return row->stratum && decide_protocol(slot, work, row);
}

/* Counts a packet that is dropped, or would be. `held`: by the socket's kept verdict. */
static __noinline void record_packet(u32 slot, struct work *work, const struct socket_row *row, bool held,
				     u32 decision)
{
	work->peer = work->packet.peer;
	if (held && row->kind == SOCKET_ACCEPTED) {
		peer_of_row(&work->peer, row);
		if (decision != DECISION_PROTOCOL)
			decision = DECISION_INGRESS;
	} else if (held && row->kind == SOCKET_ASKED) {
		peer_of_row(&work->peer, row);
		if (decision == DECISION_INGRESS)
			decision = DECISION_EGRESS; /* a reply to what it asked for */
	} else if (decision != DECISION_PROTOCOL) {
		/* Whoever was accepted, and whoever knocks at a listener, came in; so do the answers to them.
		 */
		if (row->protocol == IPPROTO_TCP &&
		    (row->kind == SOCKET_ACCEPTED || row->kind == SOCKET_BOUND || row->kind == SOCKET_OWNED))
			decision = DECISION_INGRESS;
		if (decision == DECISION_INGRESS)
			work->peer.port = work->packet.local_port;
	}
	record_network(slot, work, decision, HOOK_PACKET, row->image, 0);
}

/* A mining handshake is counted as one, once a connection, also where something else denies its packets anyway:
 * whoever reads the report wants to know what it was. */
static __noinline void record_handshake(u32 slot, struct work *work, const struct socket_row *row)
{
	struct answer kept = work->answer;

	work->peer = work->packet.peer;
	decide_of(slot, work, row, DECISION_PROTOCOL);
	record_network(slot, work, DECISION_PROTOCOL, HOOK_PACKET, row->image, 0);
	work->answer = kept;
}

#endif
