/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network: nothing that policy does not match talks.
 *   cgroup/sock_create     every socket gets an owner
 *   cgroup/connect4,6      TCP and connected UDP, fast open and io_uring included: the address that was asked
 * for cgroup/sendmsg4,6      UDP to an address cgroup/bind4,6         ports that a process listens on
 *   cgroup_skb/egress      every packet, by its socket's verdict; the first payload bytes of a connection
 *   cgroup_skb/ingress     every packet that arrives
 * A verdict is kept in the socket with the generation of the plan; after a plan changed it is decided again
 * from the address that was kept, so a tightened policy ends established flows at their next packet. */
#include "ledger.bpf.h"
#include "image.bpf.h"
#include <bpf/bpf_endian.h>

#define AF_INET 2
#define AF_INET6 10
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IPPROTO_SCTP 132
#define SOCK_RAW 3
#define TCP_ESTABLISHED 1 /* also a connected UDP socket */
#define TCP_LISTEN 10
#define TCP_SYN 0x02
#define TCP_URG 0x20
#define ALLOW 1
#define DENY 0
#define CHUNK 64
#define STRATUM_SEEN 1
#define STRATUM_DENIES 2 /* and that is why its packets are denied */

/* ---- addresses ---- */

static __always_inline void peer_v4(struct peer *peer, u32 address)
{
	peer->family = 4;
	__builtin_memset(peer->address, 0, sizeof(peer->address));
	__builtin_memcpy(peer->address, &address, 4);
}

/* ::ffff:a.b.c.d is the IPv4 address, also in the rules. */
static __always_inline bool is_mapped(const u32 address[4])
{
	return address[0] == 0 && address[1] == 0 && address[2] == bpf_htonl(0xffff);
}

static __always_inline void peer_v6(struct peer *peer, const u32 address[4])
{
	if (is_mapped(address)) {
		peer_v4(peer, address[3]);
		return;
	}
	peer->family = 6;
	__builtin_memcpy(peer->address, address, 16);
}

/* What was asked for is where the kernel goes: from 0.0.0.0 to the socket's own address, without one to
 * loopback. */
static __always_inline void asked_v4(struct peer *peer, u32 address, u32 source)
{
	if (address == 0)
		address = source ? source : bpf_htonl(0x7f000001);
	peer_v4(peer, address);
}

/* :: is ::1, but for a socket that is bound to an IPv4 address. */
static __always_inline void asked_v6(struct peer *peer, const u32 address[4], struct bpf_sock *sk)
{
	u32 bound[4] = {sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2], sk->src_ip6[3]};
	u32 one[4] = {0, 0, 0, bpf_htonl(1)};

	if (is_mapped(address))
		asked_v4(peer, address[3], is_mapped(bound) ? bound[3] : 0);
	else if (address[0] || address[1] || address[2] || address[3])
		peer_v6(peer, address);
	else if (is_mapped(bound))
		peer_v4(peer, bpf_htonl(0x7f000001));
	else
		peer_v6(peer, one);
}

static __always_inline u8 transport(u32 protocol)
{
	return protocol == IPPROTO_MPTCP ? IPPROTO_TCP : protocol;
}

static __always_inline bool same_address(const u8 a[16], const u8 b[16])
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;

	return x[0] == y[0] && x[1] == y[1];
}

/* ---- what a process asks for ---- */

static __always_inline void keep(struct socket_row *row, const struct identity *who, const struct peer *peer,
				 const struct answer *answer, u32 generation)
{
	row->subject = who->subject;
	row->carried = who->carried;
	row->image = who->image;
	row->family = peer->family;
	row->protocol = peer->protocol;
	row->port = peer->port;
	__builtin_memcpy(row->address, peer->address, sizeof(row->address));
	row->verdict = answer->enforced;
	row->would_deny = answer->enforced == VERDICT_ALLOW && answer->audited == VERDICT_DENY;
	row->policy = answer->policy;
	row->rule = answer->rule;
	row->generation = generation;
}

static __always_inline bool is_at(const struct socket_row *row, const struct peer *peer)
{
	return row->port == peer->port && row->family == peer->family &&
	       same_address(row->address, peer->address);
}

/* A connected UDP socket has a peer that `send` goes to without any hook, also after a sendto to somebody
 * else, and after another connect that failed. So when it is given a second address, each of its packets is
 * decided. */
static __always_inline void asked(struct socket_row *row, const struct bpf_sock *sk, const struct peer *peer)
{
	if (row->kind == SOCKET_RAW)
		return;
	if (row->kind == SOCKET_ASKED && peer->protocol != IPPROTO_TCP && sk->state == TCP_ESTABLISHED &&
	    !is_at(row, peer))
		row->kind = SOCKET_RAW;
	else
		row->kind = SOCKET_ASKED;
}

static __always_inline u32 generation_now(void)
{
	struct control *control = control_row();

	return control ? control->generation : 0;
}

/* connect: 1 or 0 (EPERM). */
static __always_inline int ask_connect(struct bpf_sock_addr *ctx, struct peer *peer)
{
	u32 generation =
		generation_now(); /* read before deciding: a newer plan makes the verdict stale, not wrong */
	struct answer answer = {};
	struct identity who;
	struct socket_row *row, fresh = {};

	identity_of_current(&who);
	if (!who.subject && !who.carried)
		return ALLOW;
	count(COUNTER_CONNECT);
	peer->protocol = transport(ctx->protocol);
	peer->port = bpf_ntohs(ctx->user_port);
	decide_network_for(DECISION_EGRESS, who.subject, who.carried, who.image, peer, &answer);
	record_network(DECISION_EGRESS, HOOK_CONNECT, who.image, peer, &answer,
		       bpf_get_current_pid_tgid() >> 32);
	if (answer.enforced == VERDICT_DENY)
		return DENY;
	fresh.kind = SOCKET_ASKED;
	row = bpf_sk_storage_get(&sockets, ctx->sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (!row) {
		count(COUNTER_SOCKETS_FULL); /* its packets are decided one by one */
		return ALLOW;
	}
	asked(row, ctx->sk, peer);
	keep(row, &who, peer, &answer, generation);
	return ALLOW;
}

/* A verdict that one of two readings allows: traffic of a socket whose initiator cannot be told. A rail of
 * the first reading stands, whatever the other one says. */
static __always_inline void milder(struct answer *answer, const struct answer *other, u8 rails)
{
	u8 enforced = answer->enforced & (other->enforced | (rails & RAIL_ENFORCED));
	u8 audited = answer->audited & (other->audited | (rails & RAIL_AUDITED) / RAIL_AUDITED);

	if (answer->enforced > enforced || (answer->enforced == enforced && answer->audited > audited))
		*answer = *other;
	answer->enforced = enforced;
	answer->audited = audited;
}

/* sendmsg: like connect, for each datagram that names its address. A bound socket may also answer whom it may
 * hear: a reply cannot be told from a request. */
static __always_inline int ask_sendmsg(struct bpf_sock_addr *ctx, struct peer *peer)
{
	u32 generation = generation_now();
	struct answer answer = {}, reply;
	struct identity who;
	struct socket_row *row, fresh = {};

	identity_of_current(&who);
	if (!who.subject && !who.carried)
		return ALLOW;
	peer->protocol = transport(ctx->protocol);
	peer->port = bpf_ntohs(ctx->user_port);
	fresh.kind = SOCKET_ASKED;
	row = bpf_sk_storage_get(&sockets, ctx->sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (row && row->generation == generation && row->kind == SOCKET_ASKED && row->image == who.image &&
	    row->subject == who.subject && row->carried == who.carried && !row->would_deny &&
	    row->verdict == VERDICT_ALLOW && is_at(row, peer))
		return ALLOW; /* the same destination as the last time */
	count(COUNTER_SENDMSG);
	decide_network_for(DECISION_EGRESS, who.subject, who.carried, who.image, peer, &answer);
	if (row && row->kind == SOCKET_BOUND &&
	    (answer.enforced == VERDICT_DENY || answer.audited == VERDICT_DENY)) {
		struct peer back = *peer;

		back.port = ctx->sk->src_port;
		decide_network_for(DECISION_INGRESS, who.subject, who.carried, who.image, &back, &reply);
		milder(&answer, &reply, answer.rails);
	}
	record_network(DECISION_EGRESS, HOOK_SENDMSG, who.image, peer, &answer,
		       bpf_get_current_pid_tgid() >> 32);
	if (answer.enforced == VERDICT_DENY)
		return DENY;
	if (!row) {
		count(COUNTER_SOCKETS_FULL);
		return ALLOW;
	}
	if (row->kind == SOCKET_BOUND)
		return ALLOW; /* stays what it is: each packet is decided by its own address */
	asked(row, ctx->sk, peer);
	keep(row, &who, peer, &answer, generation);
	return ALLOW;
}

static __always_inline int ask_bind(struct bpf_sock_addr *ctx, struct peer *peer)
{
	u32 generation = generation_now();
	struct answer answer = {};
	struct identity who;
	struct socket_row *row, fresh = {};

	identity_of_current(&who);
	if (!who.subject && !who.carried)
		return ALLOW;
	count(COUNTER_BIND);
	peer->protocol = transport(ctx->protocol);
	peer->port = bpf_ntohs(ctx->user_port);
	decide_network_for(DECISION_BIND, who.subject, who.carried, who.image, peer, &answer);
	record_network(DECISION_BIND, HOOK_BIND, who.image, peer, &answer, bpf_get_current_pid_tgid() >> 32);
	if (answer.enforced == VERDICT_DENY)
		return DENY;
	if (ctx->sk->src_port)
		return ALLOW; /* it has a port already: the kernel will refuse, and the socket stays what it
				 is */
	row = bpf_sk_storage_get(&sockets, ctx->sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (!row) {
		count(COUNTER_SOCKETS_FULL);
		return ALLOW;
	}
	if (row->kind != SOCKET_RAW)
		row->kind = SOCKET_BOUND;
	keep(row, &who, peer, &answer, generation);
	row->generation = 0; /* whom it hears is decided when it hears them */
	return ALLOW;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	struct peer peer = {};

	asked_v4(&peer, ctx->user_ip4, ctx->sk->src_ip4);
	return ask_connect(ctx, &peer);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	u32 address[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};
	struct peer peer = {};

	asked_v6(&peer, address, ctx->sk);
	return ask_connect(ctx, &peer);
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	struct peer peer = {};

	asked_v4(&peer, ctx->user_ip4, ctx->msg_src_ip4);
	return ask_sendmsg(ctx, &peer);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	u32 address[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};
	struct peer peer = {};

	asked_v6(&peer, address, ctx->sk);
	return ask_sendmsg(ctx, &peer);
}

SEC("cgroup/bind4")
int bind4(struct bpf_sock_addr *ctx)
{
	struct peer peer = {};

	peer_v4(&peer, ctx->user_ip4);
	return ask_bind(ctx, &peer);
}

SEC("cgroup/bind6")
int bind6(struct bpf_sock_addr *ctx)
{
	u32 address[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};
	struct peer peer = {};

	peer_v6(&peer, address);
	return ask_bind(ctx, &peer);
}

SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *ctx)
{
	struct socket_row *row, fresh = {};
	struct identity who;

	identity_of_current(&who);
	if (!who.subject && !who.carried)
		return ALLOW;
	fresh.subject = who.subject;
	fresh.carried = who.carried;
	fresh.image = who.image;
	fresh.protocol = transport(ctx->protocol);
	fresh.kind = ctx->type == SOCK_RAW ? SOCKET_RAW : SOCKET_OWNED;
	row = bpf_sk_storage_get(&sockets, ctx, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (!row)
		count(COUNTER_SOCKETS_FULL); /* decided later as a socket without an owner */
	return ALLOW;
}

/* ---- packets ---- */

struct packet {
	struct peer peer; /* remote address and port */
	u16 local_port;
	u16 payload; /* offset of the transport payload; 0: none */
	u32 seq;     /* of the first payload byte */
	u32 urgent;  /* 1 + offset of a payload byte that is not part of what the other end reads; 0 (or past
			it): none */
	bool egress;
};

struct ports {
	u16 source, destination;
};

/* Answers 0 when the headers could be read. Extension headers are skipped; a later fragment has no ports. */
__weak __noinline int parse(struct __sk_buff *skb, struct packet *packet, bool egress)
{
	struct ports ports = {};
	u32 offset;
	u8 protocol;

	if (!packet)
		return -1;
	packet->egress = egress;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct {
			u8 version;
			u8 tos;
			u16 length, id, fragment;
			u8 ttl, protocol;
			u16 checksum;
			u32 source, destination;
		} ip;

		if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
			return -1;
		peer_v4(&packet->peer, egress ? ip.destination : ip.source);
		protocol = ip.protocol;
		offset = (ip.version & 15) * 4;
		packet->peer.protocol = protocol;
		if (ip.fragment & bpf_htons(0x1fff))
			return 0;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct {
			u32 flow;
			u16 length;
			u8 next, hops;
			u32 source[4], destination[4];
		} ip;

		if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
			return -1;
		peer_v6(&packet->peer, egress ? ip.destination : ip.source);
		protocol = ip.next;
		offset = sizeof(ip);
		for (int i = 0; i < 6; i++) {
			u8 head[8];

			if (protocol != 0 && protocol != 43 && protocol != 44 && protocol != 60)
				break;
			if (bpf_skb_load_bytes(skb, offset, head, 8))
				return -1;
			if (protocol == 44 && (head[2] || head[3] & 0xf8)) {
				packet->peer.protocol = head[0];
				return 0;
			}
			offset += protocol == 44 ? 8 : (head[1] + 1) * 8;
			protocol = head[0];
		}
		packet->peer.protocol = protocol;
	} else {
		return -1;
	}
	if (protocol == IPPROTO_TCP) {
		u8 head[20];

		if (bpf_skb_load_bytes(skb, offset, head, sizeof(head)))
			return -1;
		ports.source = head[0] << 8 | head[1];
		ports.destination = head[2] << 8 | head[3];
		packet->seq = (u32)head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7];
		if (head[13] & TCP_SYN)
			packet->seq++; /* data in a SYN (fast open) comes after it */
		if (head[13] & TCP_URG)
			packet->urgent = head[18] << 8 | head[19];
		packet->payload = offset + (head[12] >> 4) * 4;
	} else if (protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP) {
		u8 head[4];

		if (bpf_skb_load_bytes(skb, offset, head, 4))
			return -1;
		ports.source = head[0] << 8 | head[1];
		ports.destination = head[2] << 8 | head[3];
	}
	packet->peer.port = egress ? ports.destination : ports.source;
	packet->local_port = egress ? ports.source : ports.destination;
	return 0;
}

struct chunk {
	char bytes[CHUNK];
};

/* The automaton's state after these bytes. A function of its own, so that the verifier walks it once. */
__weak __noinline int walk(const struct chunk *chunk, u32 size, u32 state)
{
	if (!chunk)
		return 0;
	for (u32 at = 0; at < CHUNK; at++) {
		struct automaton_row *now;

		if (at >= size)
			break;
		now = bpf_map_lookup_elem(&automaton, &state);
		if (!now)
			return 0;
		state = now->next[(u8)chunk->bytes[at]];
	}
	return state;
}

/* Looks for a mining handshake in the first payload bytes, over as many segments as they come in.
 * Answers 1 when it is complete. */
__weak __noinline int inspect(struct __sk_buff *skb, struct socket_row *row, struct packet *packet)
{
	struct control *control = control_row();
	struct chunk chunk = {};
	struct automaton_row *found;
	u32 state, left, room, offset;

	if (!row || !control || !packet)
		return 0;
	offset = packet->payload;
	if (offset >= skb->len)
		return 0; /* no payload */
	left = skb->len - offset;
	if (row->inspected) {
		int again = row->next_seq - packet->seq; /* bytes of it that were sent before */

		if (again > 0 && (u32)again >= left)
			return 0;
		if (again > 0) {
			offset += again;
			left -= again;
			packet->urgent -= again;
		}
	}
	room = LIMIT_INSPECT - row->inspected;
	if (left > room)
		left = room;
	row->next_seq = packet->seq + (offset - packet->payload) + left;
	state = row->state ? row->state : control->stratum_start;
	for (u32 i = 0; i <= LIMIT_INSPECT / CHUNK; i++) {
		u32 size = left > CHUNK ? CHUNK : left, skip = 0;

		if (left == 0)
			break;
		/* An urgent byte is out of band: the pool does not read it there. */
		if (packet->urgent - 1 < size) {
			size = packet->urgent - 1;
			skip = 1;
		}
		if (size && (size > CHUNK || bpf_skb_load_bytes(skb, offset, &chunk, size)))
			break;
		state = walk(&chunk, size, state);
		size += skip;
		offset += size;
		left -= size;
		packet->urgent -= size;
		row->inspected += size;
	}
	row->state = state;
	/* An accepting state is never left. */
	found = bpf_map_lookup_elem(&automaton, &state);
	if (!found || !found->accept)
		return 0;
	row->inspected = LIMIT_INSPECT;
	return 1;
}

/* Who began is not known: datagrams, raw packets, sockets from before us. A reply cannot be told from a
 * request, so either reading may allow it. A rail about the packet's own direction stands; what arrives at a
 * socket that has no port of its choice is taken for a reply. */
__weak __noinline int decide_either(const struct socket_row *row, const struct packet *packet, bool egress,
				    struct answer *answer)
{
	struct answer other = {};
	struct peer local;
	u8 rails;

	if (!row || !packet || !answer)
		return 0;
	local = packet->peer;
	local.port = packet->local_port;
	decide_network_for(egress ? DECISION_EGRESS : DECISION_INGRESS, row->subject, row->carried,
			   row->image, egress ? &packet->peer : &local, answer);
	if (answer->enforced == VERDICT_ALLOW && answer->audited == VERDICT_ALLOW)
		return 0;
	decide_network_for(egress ? DECISION_INGRESS : DECISION_EGRESS, row->subject, row->carried,
			   row->image, egress ? &local : &packet->peer, &other);
	rails = egress || (row->kind == SOCKET_BOUND && row->port) ? answer->rails : 0;
	milder(answer, &other, rails);
	return 0;
}

/* A mining handshake went out over this socket: 1 if that is what denies. */
__weak __noinline int decide_protocol(const struct socket_row *row, const struct packet *packet,
				      struct answer *answer)
{
	struct answer other = {};

	if (!row || !packet || !answer)
		return 0;
	decide_network_for(DECISION_PROTOCOL, row->subject, row->carried, row->image, &packet->peer, &other);
	if (other.enforced > answer->enforced || (!answer->enforced && other.audited > answer->audited)) {
		stricter(answer, &other);
		return 1;
	}
	stricter(answer, &other);
	return 0;
}

/* Decides anew about a socket whose verdict holds for all of its packets, and keeps it: from what the process
 * asked for where that is known. */
__weak __noinline int redecide(struct socket_row *row, const struct packet *packet, u32 generation)
{
	struct answer answer = {};
	struct peer peer;

	if (!row || !packet)
		return 0;
	peer = packet->peer;
	if (row->kind == SOCKET_ASKED) {
		peer.family = row->family;
		peer.port = row->port;
		__builtin_memcpy(peer.address, row->address, sizeof(peer.address));
		decide_network_for(DECISION_EGRESS, row->subject, row->carried, row->image, &peer, &answer);
	} else if (row->kind == SOCKET_ACCEPTED) {
		peer.port = packet->local_port;
		decide_network_for(DECISION_INGRESS, row->subject, row->carried, row->image, &peer, &answer);
	} else {
		decide_either(row, packet, true, &answer);
	}
	if (row->stratum)
		row->stratum = decide_protocol(row, packet, &answer) ? STRATUM_DENIES : STRATUM_SEEN;
	if (row->kind != SOCKET_ASKED) {
		row->family = peer.family;
		row->port = peer.port;
		__builtin_memcpy(row->address, peer.address, sizeof(row->address));
	}
	row->verdict = answer.enforced;
	row->would_deny = answer.enforced == VERDICT_ALLOW && answer.audited == VERDICT_DENY;
	row->policy = answer.policy;
	row->rule = answer.rule;
	row->generation = generation;
	return 0;
}

/* Decides about one packet of a socket that talks to many; nothing is kept, since another packet may be under
 * way. */
__weak __noinline int decide_packet(const struct socket_row *row, const struct packet *packet,
				    struct answer *answer)
{
	struct peer local;

	if (!row || !packet || !answer)
		return 0;
	if (row->protocol == IPPROTO_TCP && row->kind != SOCKET_RAW) {
		local = packet->peer; /* a listener */
		local.port = packet->local_port;
		return decide_network_for(DECISION_INGRESS, row->subject, row->carried, row->image, &local,
					  answer),
		       0;
	}
	decide_either(row, packet, packet->egress, answer);
	if (row->stratum)
		return decide_protocol(row, packet, answer);
	return 0;
}

/* Counts a packet that is dropped, or would be. `held`: by the socket's kept verdict. */
__weak __noinline int record_packet(const struct socket_row *row, const struct packet *packet, bool held,
				    const struct answer *answer, u32 decision)
{
	struct answer blamed;
	struct peer peer;

	if (!row || !packet || !answer)
		return 0;
	blamed = *answer;
	peer = packet->peer;
	if (held && row->kind == SOCKET_ASKED) {
		peer.family = row->family;
		peer.port = row->port;
		__builtin_memcpy(peer.address, row->address, sizeof(peer.address));
		if (decision == DECISION_INGRESS)
			decision = DECISION_EGRESS; /* a reply to what it asked for */
	} else if (decision != DECISION_PROTOCOL) {
		/* Whoever was accepted, and whoever knocks at a listener, came in; so do the answers to them.
		 */
		if (row->protocol == IPPROTO_TCP &&
		    (row->kind == SOCKET_ACCEPTED || row->kind == SOCKET_BOUND || row->kind == SOCKET_OWNED))
			decision = DECISION_INGRESS;
		if (decision == DECISION_INGRESS)
			peer.port = packet->local_port;
	}
	record_network(decision, HOOK_PACKET, row->image, &peer, &blamed, 0);
	return 0;
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
static __noinline void adopt(struct bpf_sock *sk, struct socket_row *row, u32 generation)
{
	if (!row)
		return;
	row->subject = subject_of_socket(sk);
	row->image = IMAGE_ANY;
	row->protocol = transport(sk->protocol);
	row->kind = row->subject ? sk->type == SOCK_RAW ? SOCKET_RAW : SOCKET_FOREIGN : SOCKET_FREE;
	row->generation = row->subject ? 0 : generation;
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

static __always_inline int on_packet(struct __sk_buff *skb, bool egress)
{
	struct socket_row *row;
	struct packet packet = {};
	struct answer answer = {};
	struct control *control = control_row();
	struct bpf_sock *sk = skb->sk;
	bool inspecting, held, mining;

	/* fail open: no process owns it (kernel replies, closing connections, whose packets were decided
	 * before). */
	if (!sk)
		return ALLOW;
	sk = bpf_sk_fullsock(sk);
	if (!sk || !control)
		return ALLOW;
	row = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!row) {
		row = new_socket(sk);
		if (!row)
			return DENY; /* cannot happen: the spare row is preallocated */
		adopt(sk, row, control->generation);
	} else if (row->kind == SOCKET_FREE && row->generation != control->generation) {
		adopt(sk, row, control->generation); /* a plan may have made a subject of its cgroup */
	}
	if (row->kind == SOCKET_FREE)
		return ALLOW;
	settle(row, sk);
	inspecting = egress && control->stratum_start && row->inspected < LIMIT_INSPECT &&
		     (row->protocol == IPPROTO_TCP || row->kind == SOCKET_RAW);
	held = holds_for_all(row, egress);
	if (held && row->generation == control->generation && !inspecting && !row->would_deny &&
	    row->verdict == VERDICT_ALLOW)
		return ALLOW;
	if (parse(skb, &packet, egress)) {
		/* fail closed where any policy of the subject restricts: nobody can say where it goes. */
		packet.peer.family = 0;
	}
	if (inspecting && packet.payload && inspect(skb, row, &packet)) {
		row->stratum = STRATUM_SEEN;
		row->generation = 0;
	}
	if (!held && row->kind == SOCKET_ASKED && row->protocol == IPPROTO_UDP && is_at(row, &packet.peer))
		held = true; /* the reply */
	if (held) {
		if (row->generation != control->generation) {
			count(COUNTER_PACKET_DECIDED);
			redecide(row, &packet, control->generation);
		}
		answer.subject = row->carried ? row->carried : row->subject;
		answer.enforced = row->verdict;
		answer.audited =
			row->verdict == VERDICT_DENY || row->would_deny ? VERDICT_DENY : VERDICT_ALLOW;
		answer.policy = row->policy;
		answer.rule = row->rule;
		mining = row->stratum == STRATUM_DENIES;
	} else {
		count(COUNTER_PACKET_DECIDED);
		mining = decide_packet(row, &packet, &answer);
	}
	if (answer.enforced == VERDICT_ALLOW && answer.audited == VERDICT_ALLOW)
		return ALLOW;
	record_packet(row, &packet, held, &answer,
		      mining   ? DECISION_PROTOCOL
		      : egress ? DECISION_EGRESS
			       : DECISION_INGRESS);
	return answer.enforced == VERDICT_DENY ? DENY : ALLOW;
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
