/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first payload bytes of a connection: is this how miners and pools begin to talk? Needs no more of the kernel than a
 * packet's bytes; test/fuzz compiles it for user space. */
#ifndef UNDERPIN_INSPECT_BPF_H
#define UNDERPIN_INSPECT_BPF_H

#include "work.bpf.h"

/* The automaton's state after the first bytes of the slot's chunk, which are read through the table of escapes. A
 * function of its own, so that the verifier walks it once. */
__weak __noinline int walk(u32 slot, u32 size, u32 state)
{
	struct work *work = work_of(slot);
	struct inspected *ours;
	u32 escape;

	if (!work)
		return 0;
	ours = &work->inspection.ours;
	escape = LIMIT_STRATUM_STATES + 1 + ours->escape;
	for (u32 at = 0; at < CHUNK; at++) {
		struct automaton_row *now;
		u32 meant;

		if (at >= size)
			break;
		ours->high += (u8)work->chunk[at] >> 7;
		now = bpf_map_lookup_elem(&automaton, &escape);
		if (!now)
			return 0;
		meant = now->next[(u8)work->chunk[at]];
		escape = LIMIT_STRATUM_STATES + 1 + (meant >> 8);
		now = bpf_map_lookup_elem(&automaton, &state);
		if (!now)
			return 0;
		state = now->next[meant & 0xff];
	}
	ours->escape = escape - LIMIT_STRATUM_STATES - 1;
	return state;
}

/* Stratum v2 is encrypted from the start, but its handshake has a shape: whoever begins sends a key that looks like random
 * bytes, and gets an answer of a fixed size, before anything else. Source: the Stratum v2 specification, Protocol Security. */
#define NOISE_FIRST 64
#define NOISE_ANSWER 234
#define NOISE_HIGH 16 /* of 64 random bytes, 2 in 100,000 have fewer that are no ASCII */

static __always_inline bool is_noise(const struct inspected *first, const struct inspected *answer)
{
	return first->bytes == NOISE_FIRST && answer->bytes == NOISE_ANSWER && first->high >= NOISE_HIGH;
}

/* Looks for a mining handshake in the first payload bytes of a direction, over as many segments as they come in.
 * Answers 1 when it is complete. */
__weak __noinline int inspect(struct __sk_buff *skb, u32 slot)
{
	struct control *control = control_row();
	struct work *work = work_of(slot);
	struct automaton_row *found;
	struct inspection *look;
	struct inspected *row;
	struct packet *packet;
	u32 state, left, room, offset;

	if (!control || !work)
		return 0;
	packet = &work->packet;
	look = &work->inspection;
	row = &look->ours;
	offset = packet->payload;
	if (offset >= skb->len)
		return 0; /* no payload */
	left = skb->len - offset;
	if (row->bytes) {
		int again = row->next_seq - packet->seq; /* bytes of it that were sent before */

		if (again > 0 && (u32)again >= left)
			return 0;
		if (again > 0) {
			offset += again;
			left -= again;
			packet->urgent -= again;
		}
	}
	/* What follows is the first thing that they say to each other in secret: pools hear it no more. */
	if (is_noise(row, &look->theirs)) {
		row->bytes = LIMIT_INSPECT;
		return 1;
	}
	room = LIMIT_INSPECT - row->bytes;
	if (left > room)
		left = room;
	row->next_seq = packet->seq + (offset - packet->payload) + left;
	if (!row->state)
		row->state = control->stratum_start;
	look->left = left;
	look->offset = offset;
	for (u32 i = 0; i <= LIMIT_INSPECT / CHUNK; i++) {
		u32 size = look->left > CHUNK ? CHUNK : look->left, skip = 0;

		if (size == 0)
			break;
		/* An urgent byte is out of band: the pool does not read it there. */
		if (packet->urgent - 1 < size) {
			size = packet->urgent - 1;
			skip = 1;
		}
		if (size) {
			u32 bytes =
				((size - 1) & (CHUNK - 1)) + 1; /* the same; the verifier sees its bounds */

			barrier_var(bytes);
			if (bytes > CHUNK || bpf_skb_load_bytes(skb, look->offset, work->chunk, bytes))
				break;
		}
		row->state = walk(slot, size, row->state);
		size += skip;
		look->offset += size;
		look->left -= size;
		packet->urgent -= size;
		row->bytes += size;
	}
	state = row->state;
	/* An accepting state is never left. */
	found = bpf_map_lookup_elem(&automaton, &state);
	if (!found || !found->accept)
		return 0;
	row->bytes = LIMIT_INSPECT;
	return 1;
}

#endif
