/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Not part of the enforcer: what balances load in sockets, as tests attach it before and after the enforcer's programs. The
 * address of a Service becomes one behind it when a process connects or sends, and the other way round when it asks from
 * where a datagram came. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

struct end {
	unsigned int address; /* network order */
	unsigned int port;    /* the same, as in struct bpf_sock_addr */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct end);
	__type(value, struct end);
} balanced SEC(".maps"), behind SEC(".maps");

static __always_inline int rewrite(struct bpf_sock_addr *ctx, void *map)
{
	struct end asked = {.address = ctx->user_ip4, .port = ctx->user_port};
	struct end *to = bpf_map_lookup_elem(map, &asked);

	if (to) {
		ctx->user_ip4 = to->address;
		ctx->user_port = to->port;
	}
	return 1;
}

SEC("cgroup/connect4")
int balance_connect4(struct bpf_sock_addr *ctx)
{
	return rewrite(ctx, &balanced);
}

SEC("cgroup/sendmsg4")
int balance_sendmsg4(struct bpf_sock_addr *ctx)
{
	return rewrite(ctx, &balanced);
}

SEC("cgroup/recvmsg4")
int balance_recvmsg4(struct bpf_sock_addr *ctx)
{
	return rewrite(ctx, &behind);
}

char _license[] SEC("license") = "Dual BSD/GPL";
