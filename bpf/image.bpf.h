/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Images (what runs, and who called exec) and the row of a process that runs one. */
#ifndef UNDERPIN_IMAGE_BPF_H
#define UNDERPIN_IMAGE_BPF_H

#include "path.bpf.h"
#include "subject.bpf.h"

/* Both hashes are keyed, so mixing need not be. enforcer/src/plan/path-hash.ts does the same. */
static __always_inline u64 image_of(u64 exe, u64 from)
{
	u64 image = exe * 0x9e3779b97f4a7c15ULL ^ rotate(from, 31);

	return image > IMAGE_ANY ? image : image + 2;
}

/* work->image -> its number. IMAGE_UNKNOWN when there is no room, or the subject has used its share of it
 * (so that one that runs ever new paths takes no room from others): fail closed, see grants_of_image. */
static __always_inline u64 intern_image(struct work *work, u64 subject)
{
	u64 image = image_of(work->image.exe.hash, work->image.from.hash);
	struct subject_row *owner;

	if (bpf_map_lookup_elem(&images, &image))
		return image;
	owner = bpf_map_lookup_elem(&subjects, &subject);
	if (owner && owner->images >= LIMIT_SUBJECT_IMAGES) {
		count(COUNTER_IMAGES_FULL);
		return IMAGE_UNKNOWN;
	}
	if (owner)
		__sync_fetch_and_add(&owner->images, 1);
	if (bpf_map_update_elem(&images, &image, &work->image, BPF_ANY)) {
		count(COUNTER_IMAGES_FULL);
		return IMAGE_UNKNOWN;
	}
	return image;
}

static __always_inline void write_process(u32 tgid, const struct process_row *row)
{
	if (bpf_map_update_elem(&processes, &tgid, row, BPF_ANY)) {
		/* fail closed: a process without a row is IMAGE_UNKNOWN, and see carried.bpf.h. */
		count(COUNTER_PROCESSES_FULL);
		if (row->subject)
			set_stray(tgid, row->subject == SUBJECT_UNKNOWN ? STRAY_MOVED : STRAY_THERE);
	} else {
		set_stray(tgid, STRAY_NONE);
	}
}

/* The same after exec, when the row is usually there: in place, which saves an allocation. The process has no
 * other thread now, and nobody else reads its row. */
static __always_inline void rewrite_process(u32 tgid, const struct process_row *row)
{
	struct process_row *known = bpf_map_lookup_elem(&processes, &tgid);

	if (known)
		*known = *row;
	else
		write_process(tgid, row);
}

/* What a process runs that we have not seen exec: its caller is not known. */
static __noinline u64 image_of_task(u64 task_address, u64 subject)
{
	struct task_struct *task = (void *)task_address;
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	struct work *work;
	u64 image;
	int slot;

	if (!file)
		return IMAGE_UNKNOWN; /* a kernel thread */
	slot = claim_path_slot();
	work = work_of(slot);
	if (slot < 0 || !work)
		return IMAGE_UNKNOWN;
	__builtin_memset(&work->path[WORK_FROM], 0, sizeof(work->path[WORK_FROM]));
	resolve(slot, WORK_EXE, (u64)file, (u64)BPF_CORE_READ(task, fs));
	remember_name(slot, WORK_EXE);
	image = intern_image(work, subject);
	release_slot(slot);
	return image;
}

#endif
