/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network: nothing that policy does not match talks. Here is what a process asks for:
 *   cgroup/sock_create     every socket gets an owner
 *   cgroup/connect4,6      TCP and connected UDP, fast open and io_uring included: the address that was asked for
 *   cgroup/sendmsg4,6      UDP to an address
 *   cgroup/bind4,6         ports that a process listens on
 * The verdict is kept in the socket; packet.bpf.c goes on from there. */
#include "translated.bpf.h"

static __always_inline void keep(struct socket_row *row, const struct identity *who, const struct peer *peer,
				 const struct answer *answer, u32 generation)
{
	row->subject = who->subject;
	row->carried = who->carried;
	row->image = who->image;
	row->lineage = who->lineage;
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

/* The row of a socket, made if it has none: with an owner from its first moment, since packets may be under way
 * already. NULL: no memory. */
static __always_inline struct socket_row *row_of(struct bpf_sock *sk, struct work *work,
						 const struct identity *who, u32 protocol)
{
	struct socket_row *fresh = &work->fresh;
	struct socket_row *row;

	__builtin_memset(fresh, 0, sizeof(*fresh));
	fresh->subject = who->subject;
	fresh->carried = who->carried;
	fresh->image = who->image;
	fresh->lineage = who->lineage;
	fresh->protocol = protocol;
	row = bpf_sk_storage_get(&sockets, sk, fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (!row)
		count(COUNTER_SOCKETS_FULL);
	return row;
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

/* fail closed where anything is enforced: there is no room to decide in. */
static __always_inline int undecided(const struct identity *who)
{
	return enforces(who->subject) || enforces(who->carried) ? DENY : ALLOW;
}

/* Decides what the current process asks for, counts it, and answers both verdicts. */
static __always_inline int decide_asked(u32 slot, struct work *work, u32 decision, u32 hook,
					const struct identity *who, const struct peer *peer)
{
	int both;

	work->lineage = who->lineage;
	work->since = 0;
	work->peer = *peer;
	both = decide_network_for(slot, decision, who->subject, who->carried, who->image);
	record_network(slot, work, decision, hook, who->image, bpf_get_current_pid_tgid() >> 32);
	return both;
}

/* connect: 1 or 0 (EPERM). */
static __always_inline int ask_connect(struct bpf_sock_addr *ctx, struct peer *peer)
{
	u32 generation =
		generation_now(); /* read before deciding: a newer plan makes the verdict stale, not wrong */
	struct identity who;
	struct socket_row *row;
	struct work *work;
	int slot, verdict = DENY;

	identity_of_current(&who);
	if (!who.subject && !who.carried)
		return ALLOW;
	count(COUNTER_CONNECT);
	peer->protocol = transport(ctx->protocol);
	peer->port = bpf_ntohs(ctx->user_port);
	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work)
		return undecided(&who);
	if (decide_asked(slot, work, DECISION_EGRESS, HOOK_CONNECT, &who, peer) & VERDICTS_ENFORCED)
		goto out;
	verdict = ALLOW;
	row = row_of(ctx->sk, work, &who, peer->protocol);
	if (!row)
		goto out; /* its packets are decided one by one */
	asked(row, ctx->sk, peer);
	keep(row, &who, peer, &work->answer, generation);
	row->since = work->since;
out:
	release_slot(slot);
	return verdict;
}

/* sendmsg: like connect, for each datagram that names its address. A bound socket may also answer whom it may
 * hear: a reply cannot be told from a request. */
static __always_inline int ask_sendmsg(struct bpf_sock_addr *ctx, struct peer *peer)
{
	u32 generation = generation_now();
	struct answer asks;
	struct identity who;
	struct socket_row *row;
	struct work *work;
	int slot, both, verdict = DENY;

	identity_of_current(&who);
	if (!who.subject && !who.carried)
		return ALLOW;
	peer->protocol = transport(ctx->protocol);
	peer->port = bpf_ntohs(ctx->user_port);
	/* Nobody was named: a control message on a connected socket, whose packet is decided as any of its
	 * packets. Port 0 itself is refused by the kernel. */
	if (peer->port == 0)
		return ALLOW;
	row = bpf_sk_storage_get(&sockets, ctx->sk, 0, 0);
	if (row && row->generation == generation && row->kind == SOCKET_ASKED && row->image == who.image &&
	    row->lineage == who.lineage && row->subject == who.subject && row->carried == who.carried &&
	    !row->would_deny && row->verdict == VERDICT_ALLOW && is_at(row, peer))
		return ALLOW; /* the same destination as the last time */
	count(COUNTER_SENDMSG);
	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work)
		return undecided(&who);
	if (!row)
		row = row_of(ctx->sk, work, &who, peer->protocol);
	work->lineage = who.lineage;
	work->since = 0;
	work->peer = *peer;
	both = decide_network_for(slot, DECISION_EGRESS, who.subject, who.carried, who.image);
	if (row && row->kind == SOCKET_BOUND && both) {
		asks = work->answer;
		work->peer.port = ctx->sk->src_port;
		decide_network_for(slot, DECISION_INGRESS, who.subject, who.carried, who.image);
		milder(&asks, &work->answer, asks.rails);
		work->answer = asks;
		work->peer.port = peer->port;
		if (!asks.rails && (asks.enforced || asks.audited) && row->translates &&
		    answers_heard(ctx, peer))
			answer_both(&work->answer, VERDICT_ALLOW);
	}
	record_network(slot, work, DECISION_EGRESS, HOOK_SENDMSG, who.image,
		       bpf_get_current_pid_tgid() >> 32);
	if (work->answer.enforced == VERDICT_DENY)
		goto out;
	verdict = ALLOW;
	if (!row)
		goto out;
	if (row->kind == SOCKET_BOUND) {
		/* It stays what it is: the next packet is this one, and others are decided by their own
		 * address. */
		row->asked_generation = generation;
		row->asked_family = peer->family;
		row->asked_port = peer->port;
		__builtin_memcpy(row->asked, peer->address, sizeof(row->asked));
		goto out;
	}
	asked(row, ctx->sk, peer);
	keep(row, &who, peer, &work->answer, generation);
	row->since = work->since;
out:
	release_slot(slot);
	return verdict;
}

static __always_inline int ask_bind(struct bpf_sock_addr *ctx, struct peer *peer)
{
	u32 generation = generation_now();
	struct identity who;
	struct socket_row *row;
	struct work *work;
	int slot, verdict = DENY;

	identity_of_current(&who);
	if (!who.subject && !who.carried)
		return ALLOW;
	count(COUNTER_BIND);
	peer->protocol = transport(ctx->protocol);
	peer->port = bpf_ntohs(ctx->user_port);
	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work)
		return undecided(&who);
	if (decide_asked(slot, work, DECISION_BIND, HOOK_BIND, &who, peer) & VERDICTS_ENFORCED)
		goto out;
	verdict = ALLOW;
	if (ctx->sk->src_port)
		goto out; /* it has a port already: the kernel will refuse, and the socket stays what it is */
	row = row_of(ctx->sk, work, &who, peer->protocol);
	if (!row)
		goto out;
	if (row->kind != SOCKET_RAW)
		row->kind = SOCKET_BOUND;
	keep(row, &who, peer, &work->answer, generation);
	row->generation = 0; /* whom it hears is decided when it hears them */
out:
	release_slot(slot);
	return verdict;
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
	/* With its own headers it could say anything. This hook can refuse on every kernel. */
	if (ctx->type == SOCK_RAW && who.lineage != LINEAGE_RUNTIME &&
	    refuses_use(&who, SOCKET_USE_RAW, HOOK_SOCKET, false))
		return DENY;
	fresh.subject = who.subject;
	fresh.carried = who.carried;
	fresh.image = who.image;
	fresh.lineage = who.lineage;
	fresh.protocol = transport(ctx->protocol);
	fresh.kind = ctx->type == SOCK_RAW ? SOCKET_RAW : SOCKET_OWNED;
	row = bpf_sk_storage_get(&sockets, ctx, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (!row)
		count(COUNTER_SOCKETS_FULL); /* decided later as a socket without an owner */
	return ALLOW;
}
