/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a new cgroup is, by its name and the names above it: a pod as the kubelet makes it, a container as a runtime makes
 * it, or a runtime's helper beside a container. Only root makes them (asked by the caller). The same rules, with where they
 * come from, are in enforcer/src/identity/recognise.ts, for cgroups that exist already. */
#ifndef UNDERPIN_RECOGNISE_BPF_H
#define UNDERPIN_RECOGNISE_BPF_H

#include "namespace.bpf.h"
#include "path.bpf.h"

enum recognised {
	RECOGNISED_NOTHING = 0,
	RECOGNISED_POD = 1,
	RECOGNISED_NAMELESS_POD = 2, /* a pod whose UID cannot be read */
	RECOGNISED_CONTAINER = 3,
	RECOGNISED_HELPER = 4, /* conmon: neither in the container nor in the pod */
};

#define CGROUP_NAME_ROOM 512 /* a name has at most 255 bytes */
#define ID_DIGITS 64	     /* of a container */
#define BUILD_ID 25	     /* letters of a build step's */
#define UID_DASHED 36
#define UID_PLAIN 32

/* In the slot's text. Functions of their own, with numbers only, so that the verifier forgets between them which byte
 * was what. */
struct cgroup_names {
	char own[CGROUP_NAME_ROOM];
	char parent[CGROUP_NAME_ROOM];
	char above[CGROUP_NAME_ROOM];
	u32 length;
	u32 parent_length;
	u32 above_length;
	u32 at_top; /* not 0: the parent is at the top of what the agent looks at */
	u8 uid[16]; /* of a pod */
};

static __always_inline struct cgroup_names *names_of(u32 slot)
{
	struct scratch *scratch = scratch_of(slot);

	return scratch ? (void *)scratch->text : 0;
}

/* Where a part of a name begins. A part that is longer than what is left of a name ends in what follows it, which is
 * memory of the slot as well; the compiler must not leave out the mask because it knows better than the verifier. */
static __always_inline const char *part(const char *name, u32 at)
{
	barrier_var(at);
	return name + (at & (CGROUP_NAME_ROOM - 1));
}

static __always_inline bool has_at(const char *name, u32 at, const char *text, u32 length)
{
	const char *found = part(name, at);

#pragma unroll
	for (u32 i = 0; i < length; i++)
		if (found[i] != text[i])
			return false;
	return true;
}

#define HAS_AT(name, at, text) has_at(name, at, text, sizeof(text) - 1)
#define STARTS(name, text) HAS_AT(name, 0, text)
#define ENDS(name, length, text)                                                                             \
	((length) >= sizeof(text) - 1 && HAS_AT(name, (length) - (sizeof(text) - 1), text))
#define IS(name, length, text) ((length) == sizeof(text) - 1 && HAS_AT(name, 0, text))

static __always_inline u32 read_cgroup_name(char *room, struct cgroup *cgroup)
{
	long length = -1;

	room[0] = 0;
	if (cgroup)
		length = bpf_probe_read_kernel_str(room, CGROUP_NAME_ROOM / 2,
						   BPF_CORE_READ(cgroup, kn, name));
	return length > 0 ? length - 1 : 0;
}

/* kubepods, kubepods-burstable, kubepods-besteffort, below another slice or not: <slice>-kubepods…, without .slice */
__weak __noinline int is_kubepods_slice(u32 slot)
{
	struct cgroup_names *names = names_of(slot);
	u32 length;

	if (!names || !ENDS(names->parent, names->parent_length, ".slice"))
		return 0;
	length = names->parent_length - 6;
	if (ENDS(names->parent, length, "-burstable"))
		length -= sizeof("-burstable") - 1;
	else if (ENDS(names->parent, length, "-besteffort"))
		length -= sizeof("-besteffort") - 1;
	if (!ENDS(names->parent, length, "kubepods"))
		return 0;
	return length == 8 || *part(names->parent, length - 9) == '-';
}

/* Whether both names begin with these bytes. */
__weak __noinline int begins_as_parent(u32 slot, u32 length)
{
	struct cgroup_names *names = names_of(slot);

	if (!names)
		return 0;
	for (u32 i = 0; i < CGROUP_NAME_ROOM / 2; i++) {
		if (i >= length)
			return 1;
		if (names->own[i] != names->parent[i])
			return 0;
	}
	return 0;
}

/* Where the UID begins in the name of a pod's cgroup; 0: it is none. systemd driver: the parent's name without .slice,
 * then -pod<uid>.slice; or a whole name such as kubepods-burstable-pod<uid>.slice. cgroupfs driver: pod<uid> below kubepods or one of its classes. */
__weak __noinline int uid_begins(u32 slot)
{
	struct cgroup_names *names = names_of(slot);
	u32 prefix;

	if (!names)
		return 0;
	prefix = names->parent_length - 6;
	if (names->length > names->parent_length + 4 && ENDS(names->own, names->length, ".slice") &&
	    is_kubepods_slice(slot) && HAS_AT(names->own, prefix, "-pod") && begins_as_parent(slot, prefix))
		return prefix + 4;
	/* A whole name says so by itself where no other slice is above it. */
	if (ENDS(names->own, names->length, ".slice") &&
	    !ENDS(names->parent, names->parent_length, ".slice")) {
		u32 at = STARTS(names->own, "kubepods-pod")		 ? 12
			 : STARTS(names->own, "kubepods-burstable-pod")	 ? 22
			 : STARTS(names->own, "kubepods-besteffort-pod") ? 23
									 : 0;
		u32 left = names->length - 6 - at;

		if (at && (left == UID_DASHED || left == UID_PLAIN))
			return at;
	}
	if (!STARTS(names->own, "pod") || names->length == 3)
		return 0;
	if (IS(names->parent, names->parent_length, "kubepods"))
		return 3;
	if (IS(names->above, names->above_length, "kubepods") &&
	    (IS(names->parent, names->parent_length, "burstable") ||
	     IS(names->parent, names->parent_length, "besteffort")))
		return 3;
	return 0;
}

/* A UUID with the driver's separator, or the 32 digits of a static pod's configuration hash. */
__weak __noinline int read_uid(u32 slot, u32 at, u32 length)
{
	struct cgroup_names *names = names_of(slot);
	const char *found;
	u32 digits = 0;

	if (!names || (length != UID_DASHED && length != UID_PLAIN))
		return 0;
	found = part(names->own, at);
	for (u32 i = 0; i < UID_DASHED; i++) {
		char c = found[i];
		u32 digit;

		if (i >= length)
			break;
		if (length == UID_DASHED && (i == 8 || i == 13 || i == 18 || i == 23)) {
			if (c != (at == 3 ? '-' : '_'))
				return 0;
			continue;
		}
		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else
			return 0;
		names->uid[digits / 2 & 15] = names->uid[digits / 2 & 15] << 4 | digit;
		digits++;
	}
	return 1;
}

/* [<runtime>-]<64 hexadecimal digits>[.scope], or a helper of it: …conmon-<64 digits> */
__weak __noinline int recognise_id(u32 slot)
{
	struct cgroup_names *names = names_of(slot);
	const char *id;
	u32 length;
	char before;

	if (!names)
		return RECOGNISED_NOTHING;
	length = names->length;
	if (ENDS(names->own, length, ".scope"))
		length -= sizeof(".scope") - 1;
	if (length < ID_DIGITS)
		return RECOGNISED_NOTHING;
	length -= ID_DIGITS;
	id = part(names->own, length);
	for (u32 i = 0; i < ID_DIGITS; i++) {
		char c = id[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return RECOGNISED_NOTHING;
	}
	if (!length)
		return RECOGNISED_CONTAINER;
	before = *part(names->own, length - 1);
	if (before != '-' && before != ':')
		return RECOGNISED_NOTHING;
	return ENDS(names->own, length - 1, "conmon") ? RECOGNISED_HELPER : RECOGNISED_CONTAINER;
}

__weak __noinline int is_build_id(u32 slot, u32 at)
{
	struct cgroup_names *names = names_of(slot);

	if (!names)
		return 0;
	for (u32 i = 0; i < BUILD_ID; i++) {
		char c = part(names->own, at)[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')))
			return 0;
	}
	return 1;
}

/* Containers whose names are not made of an id. */
__weak __noinline int is_named_container(u32 slot)
{
	struct cgroup_names *names = names_of(slot);
	u32 length, parent_length;

	if (!names)
		return 0;
	length = names->length;
	parent_length = names->parent_length;
	if (IS(names->parent, parent_length, "buildkit") && length == BUILD_ID)
		return is_build_id(slot, 0);
	if (STARTS(names->own, "buildkit-") && length == BUILD_ID + 15 && ENDS(names->own, length, ".scope"))
		return is_build_id(slot, 9);
	if (STARTS(names->own, "lxc.payload.") && length > 12)
		return 1;
	if (IS(names->parent, parent_length, "lxc.payload"))
		return 1;
	if (names->at_top &&
	    (IS(names->parent, parent_length, "default") || IS(names->parent, parent_length, "lxc")))
		return 1;
	if (!IS(names->own, length, "payload"))
		return 0;
	return (STARTS(names->parent, "machine-") && ENDS(names->parent, parent_length, ".scope")) ||
	       (STARTS(names->parent, "systemd-nspawn@") && ENDS(names->parent, parent_length, ".service"));
}

/* enum recognised; a pod's UID is left in the slot's names. */
__weak __noinline int recognise(u32 slot, u64 cgroup_address, u64 top)
{
	struct cgroup *cgroup = (void *)cgroup_address, *parent = parent_of(cgroup), *above;
	struct cgroup_names *names = names_of(slot);
	u32 at, end;

	if (!names)
		return RECOGNISED_NOTHING;
	above = parent ? parent_of(parent) : 0;
	names->length = read_cgroup_name(names->own, cgroup);
	names->parent_length = read_cgroup_name(names->parent, parent);
	names->above_length = read_cgroup_name(names->above, above);
	names->at_top = above && (top ? BPF_CORE_READ(above, kn, id) == top : !parent_of(above));
	__builtin_memset(names->uid, 0, sizeof(names->uid));
	at = uid_begins(slot);
	if (at) {
		end = at == 3 ? names->length : names->length - 6;
		return read_uid(slot, at, end - at) ? RECOGNISED_POD : RECOGNISED_NAMELESS_POD;
	}
	return is_named_container(slot) ? RECOGNISED_CONTAINER : recognise_id(slot);
}

#endif
