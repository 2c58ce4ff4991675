/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets, both ways, by the verdict that is kept in their socket:
 *   cgroup_skb/egress      every packet that leaves; the first payload bytes of a connection
 *   cgroup_skb/ingress     every packet that arrives
 * A verdict is kept with the generation of the plan; after a plan changed it is decided again from the address that
 * was kept, so a tightened policy ends established flows at their next packet. */
#include "payload.bpf.h"

#define TCP_LISTEN 10
#define FREE_ROW_EVERY 64 /* packets */
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
	struct answer first;
	u8 rails;

	work->peer = packet->peer;
	if (!egress)
		work->peer.port = packet->local_port;
	if (!decide_of(slot, work, row, egress ? DECISION_EGRESS : DECISION_INGRESS))
		return;
	first = work->answer;
	work->peer.port = egress ? packet->local_port : packet->peer.port;
	decide_of(slot, work, row, egress ? DECISION_INGRESS : DECISION_EGRESS);
	rails = egress || (row->kind == SOCKET_BOUND && row->port) ? first.rails : 0;
	milder(&first, &work->answer, rails);
	work->answer = first;
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
	if (held && row->kind == SOCKET_ASKED) {
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

/* Whether the kept verdict holds for every packet of the socket: its other end cannot change unless a hook
 * sees it. */
static __always_inline bool holds_for_all(const struct socket_row *row, bool egress)
{
	if (row->protocol == IPPROTO_TCP)
		return row->kind == SOCKET_ASKED || row->kind == SOCKET_ACCEPTED ||
		       row->kind == SOCKET_FOREIGN;
	return row->protocol == IPPROTO_UDP && row->kind == SOCKET_ASKED && egress;
}

/* What a TCP socket is now. No hook sees `listen`, also not on a socket that was connected before. */
static __always_inline void settle(struct socket_row *row, const struct bpf_sock *sk)
{
	if (row->protocol != IPPROTO_TCP || row->kind == SOCKET_RAW)
		return;
	if (sk->state == TCP_LISTEN) {
		if (row->kind != SOCKET_OWNED)
			row->kind = SOCKET_BOUND;
	} else if (row->kind == SOCKET_OWNED || row->kind == SOCKET_BOUND) {
		row->generation = 0;
		row->kind = SOCKET_ACCEPTED;
	}
}

/* A socket that no program has seen yet, or that belonged to no subject: the row of its cgroup's subject. */
static __noinline void adopt(struct bpf_sock *sk, struct socket_row *row, u64 subject, u32 generation)
{
	if (!row)
		return;
	row->subject = subject;
	row->image = IMAGE_ANY;
	row->protocol = transport(sk->protocol);
	row->kind = subject ? sk->type == SOCK_RAW ? SOCKET_RAW : SOCKET_FOREIGN : SOCKET_FREE;
	row->generation = subject ? 0 : generation;
}

static __always_inline struct socket_row *new_socket(struct bpf_sock *sk)
{
	struct socket_row *row = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	u32 zero = 0;

	if (row)
		return row;
	count(COUNTER_SOCKETS_FULL);
	row = bpf_map_lookup_elem(&spare_socket, &zero); /* decided, and forgotten */
	if (row)
		__builtin_memset(row, 0, sizeof(*row));
	return row;
}

/* Whether the header says more than where the packet goes: on a connected socket that is rare. */
static __always_inline bool has_options(struct __sk_buff *skb)
{
	u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 7 > end)
		return true;
	if (data[0] >> 4 == 4)
		return data[0] != 0x45;
	return data[6] == 0 || data[6] == 43 || data[6] == 60;
}

/* The address that was asked for is the end of a source route; the stations on its way hear the packet first. */
static __noinline bool decide_station(u32 slot, struct work *work, const struct socket_row *row)
{
	struct answer first = work->answer;
	int both;

	work->peer = work->packet.peer;
	both = decide_of(slot, work, row, DECISION_EGRESS);
	stricter(&first, &work->answer);
	work->answer = first;
	return both;
}

static __always_inline bool inspect_row(struct __sk_buff *skb, u32 slot, struct work *work,
					struct socket_row *row)
{
	struct inspection *inspection = &work->inspection;
	int found;

	inspection->next_seq = row->next_seq;
	inspection->inspected = row->inspected;
	inspection->state = row->state;
	found = inspect(skb, slot);
	row->next_seq = inspection->next_seq;
	row->inspected = inspection->inspected;
	row->state = inspection->state;
	return found;
}

/* A packet for which the kept verdict is not enough. */
static __always_inline int decide_skb(struct __sk_buff *skb, u32 slot, struct work *work,
				      struct socket_row *row, u32 generation, bool egress, bool inspecting,
				      bool options)
{
	struct packet *packet = &work->packet;
	struct answer *answer = &work->answer;
	bool held = holds_for_all(row, egress), mining, station = false, handshake = false;

	if (parse(skb, slot, egress)) {
		/* fail closed where any policy of the subject restricts: nobody can say where it goes. */
		packet->peer.family = 0;
	}
	if (inspecting && packet->payload && inspect_row(skb, slot, work, row)) {
		row->stratum = STRATUM_SEEN;
		row->generation = 0;
		handshake = true;
	}
	if (!held && row->kind == SOCKET_ASKED && row->protocol == IPPROTO_UDP && is_at(row, &packet->peer))
		held = true; /* the reply */
	if (held) {
		if (row->generation != generation) {
			count(COUNTER_PACKET_DECIDED);
			redecide(slot, work, row, generation);
		}
		answer->subject = row->carried ? row->carried : row->subject;
		answer->enforced = row->verdict;
		answer->audited =
			row->verdict == VERDICT_DENY || row->would_deny ? VERDICT_DENY : VERDICT_ALLOW;
		answer->rails = 0;
		answer->policy = row->policy;
		answer->rule = row->rule;
		mining = row->stratum == STRATUM_DENIES;
		if (options && packet->routed)
			station = decide_station(slot, work, row);
	} else {
		count(COUNTER_PACKET_DECIDED);
		mining = decide_packet(slot, work, row);
	}
	if (answer->enforced == VERDICT_ALLOW && answer->audited == VERDICT_ALLOW)
		return ALLOW;
	if (handshake && !mining)
		record_handshake(slot, work, row);
	record_packet(slot, work, row, held && !station,
		      mining   ? DECISION_PROTOCOL
		      : egress ? DECISION_EGRESS
			       : DECISION_INGRESS);
	return answer->enforced == VERDICT_DENY ? DENY : ALLOW;
}

static __always_inline int on_packet(struct __sk_buff *skb, bool egress)
{
	struct socket_row *row;
	struct control *control = control_row();
	struct bpf_sock *sk = skb->sk;
	struct work *work;
	bool inspecting, held, options;
	int slot, verdict;

	/* fail open: no process owns it (kernel replies, closing connections, whose packets were decided
	 * before). */
	if (!sk)
		return ALLOW;
	sk = bpf_sk_fullsock(sk);
	if (!sk || !control)
		return ALLOW;
	row = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!row) {
		u64 subject = subject_of_socket(sk);

		/* A row costs what 50 of these look-ups do. Outside of every subject a short connection gets
		 * none, and a long one gets one sooner or later. */
		if (!subject && bpf_get_prandom_u32() % FREE_ROW_EVERY)
			return ALLOW;
		row = new_socket(sk);
		if (!row)
			return DENY; /* cannot happen: the spare row is preallocated */
		adopt(sk, row, subject, control->generation);
	} else if (row->kind == SOCKET_FREE && row->generation != control->generation) {
		/* A plan may have made a subject of its cgroup. */
		adopt(sk, row, subject_of_socket(sk), control->generation);
	}
	if (row->kind == SOCKET_FREE)
		return ALLOW;
	settle(row, sk);
	inspecting = egress && control->stratum_start && row->inspected < LIMIT_INSPECT &&
		     (row->protocol == IPPROTO_TCP || row->kind == SOCKET_RAW);
	held = holds_for_all(row, egress);
	options = egress && held && row->kind == SOCKET_ASKED && has_options(skb);
	if (held && row->generation == control->generation && !inspecting && !options && !row->would_deny &&
	    row->verdict == VERDICT_ALLOW)
		return ALLOW;
	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work) /* fail closed where anything is enforced: there is no room to decide in */
		return enforces(row->subject) || enforces(row->carried) ? DENY : ALLOW;
	verdict = decide_skb(skb, slot, work, row, control->generation, egress, inspecting, options);
	release_slot(slot);
	return verdict;
}

SEC("cgroup_skb/egress")
int packet_egress(struct __sk_buff *skb)
{
	return on_packet(skb, true);
}

SEC("cgroup_skb/ingress")
int packet_ingress(struct __sk_buff *skb)
{
	return on_packet(skb, false);
}
