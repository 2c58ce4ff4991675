/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network: nothing that policy does not match talks. Here is what a process asks for:
 *   cgroup/sock_create     every socket gets an owner
 *   cgroup/connect4,6      TCP and connected UDP, fast open and io_uring included: the address that was asked for
 *   cgroup/sendmsg4,6      UDP to an address
 *   cgroup/bind4,6         ports that a process listens on
 * The verdict is kept in the socket; packet.bpf.c goes on from there. */
#include "socket.bpf.h"

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

/* A socket without a row has an owner from its first moment: packets may be under way already. */
static __always_inline void owned(struct socket_row *fresh, const struct identity *who,
				  const struct peer *peer)
{
	fresh->subject = who->subject;
	fresh->carried = who->carried;
	fresh->image = who->image;
	fresh->protocol = peer->protocol;
}

/* A connected UDP socket has a peer that `send` goes to without any hook, also after a sendto to somebody
 * else, and after another connect that failed. So when it is given a second address, or was connected before
 * we saw it, each of its packets is decided. */
static __always_inline void asked(struct socket_row *row, const struct bpf_sock *sk, const struct peer *peer)
{
	if (row->kind == SOCKET_RAW)
		return;
	if (peer->protocol != IPPROTO_TCP && sk->state == TCP_ESTABLISHED &&
	    (row->kind != SOCKET_ASKED || !is_at(row, peer)))
		row->kind = SOCKET_RAW;
	else
		row->kind = SOCKET_ASKED;
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
	owned(&fresh, &who, peer);
	row = bpf_sk_storage_get(&sockets, ctx->sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (!row) {
		count(COUNTER_SOCKETS_FULL); /* its packets are decided one by one */
		return ALLOW;
	}
	asked(row, ctx->sk, peer);
	keep(row, &who, peer, &answer, generation);
	return ALLOW;
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
	/* Nobody was named: a control message on a connected socket, whose packet is decided as any of its
	 * packets. Port 0 itself is refused by the kernel. */
	if (peer->port == 0)
		return ALLOW;
	owned(&fresh, &who, peer);
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
	owned(&fresh, &who, peer);
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

/* Most of what this costs is the row's memory, which connect would have to pay instead: leaving it to the later
 * hooks saves 4 % of a connection, and a socket that calls none of them (listen without bind) would have no owner. */
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
