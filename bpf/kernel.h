/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel fields that we read, and only those; CO-RE finds their places in the running kernel. */
#ifndef UNDERPIN_KERNEL_H
#define UNDERPIN_KERNEL_H

#include "abi.h"

#define KERNEL_TYPE __attribute__((preserve_access_index))

struct qstr {
	u32 len;
	const unsigned char *name;
} KERNEL_TYPE;

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
} KERNEL_TYPE;

struct block_device;

struct super_block {
	unsigned long s_flags;
	unsigned long s_magic;
	unsigned int s_dev;
	struct block_device *s_bdev;
} KERNEL_TYPE;

typedef struct {
	u32 val;
} kuid_t;

struct inode {
	unsigned short i_mode;
	kuid_t i_uid;
	unsigned int i_flags;
	unsigned int i_nlink;
	struct super_block *i_sb;
	unsigned long i_ino;
	long long i_size;
} KERNEL_TYPE;

struct shmem_inode_info {
	unsigned int seals;
	struct inode vfs_inode;
} KERNEL_TYPE;

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
} KERNEL_TYPE;

/* Of the overlay file system, which usually is a module. */
struct ovl_inode {
	struct inode vfs_inode;
	struct dentry *__upperdentry;
} KERNEL_TYPE;

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
	int mnt_flags;
} KERNEL_TYPE;

struct mnt_namespace;

struct mount {
	struct mnt_namespace *mnt_ns;
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	int mnt_id;
	int mnt_group_id;
} KERNEL_TYPE;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} KERNEL_TYPE;

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_mode;
	unsigned int f_flags;
	void *private_data;
} KERNEL_TYPE;

/* Linux 6.5 and later: what an overlay maps in place of its own file. */
struct backing_file {
	struct file file;
	struct path user_path; /* Linux 6.8; before it is in file.f_path */
} KERNEL_TYPE;

struct anon_vma;

struct vm_area_struct {
	unsigned long vm_flags;
	struct anon_vma *anon_vma;
	struct file *vm_file;
} KERNEL_TYPE;

struct fs_struct {
	struct path root;
} KERNEL_TYPE;

struct mm_struct {
	struct file *exe_file;
} KERNEL_TYPE;

struct kernfs_node {
	u64 id;
	const char *name;
} KERNEL_TYPE;

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
} KERNEL_TYPE;

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
} KERNEL_TYPE;

struct css_set {
	struct cgroup *dfl_cgrp;
} KERNEL_TYPE;

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
} KERNEL_TYPE;

struct ns_common {
	unsigned int inum;
} KERNEL_TYPE;

struct mnt_namespace {
	struct ns_common ns;
} KERNEL_TYPE;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
} KERNEL_TYPE;

struct task_struct;

struct pid_namespace {
	struct task_struct *child_reaper;
	struct ns_common ns;
} KERNEL_TYPE;

struct upid {
	int nr;
	struct pid_namespace *ns;
} KERNEL_TYPE;

struct hlist_node {
	struct hlist_node *next;
} KERNEL_TYPE;

struct hlist_head {
	struct hlist_node *first;
} KERNEL_TYPE;

struct pid {
	unsigned int level;
	struct hlist_head tasks[4]; /* the first: the thread with this number */
	struct upid numbers[1];
} KERNEL_TYPE;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} KERNEL_TYPE;

struct files_struct {
	struct fdtable *fdt;
} KERNEL_TYPE;

struct task_struct {
	unsigned int personality;
	int pid;
	int tgid;
	unsigned int flags;
	u64 start_boottime;
	void *stack;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	struct task_struct *real_parent;
	struct task_struct *group_leader;
} KERNEL_TYPE;

/* One 64-bit set, whichever way the kernel writes it. */
struct cred {
	struct {
		u64 val;
	} cap_effective;
} KERNEL_TYPE;

struct in6_addr {
	u32 words[4];
} KERNEL_TYPE;

struct sock_common {
	u32 skc_daddr;
	u16 skc_num;
	u16 skc_dport;
	unsigned short skc_family;
	unsigned char skc_state;
	struct in6_addr skc_v6_daddr;
} KERNEL_TYPE;

struct sock {
	struct sock_common __sk_common;
	unsigned short sk_type;
	unsigned short sk_protocol;
} KERNEL_TYPE;

struct socket {
	struct sock *sk;
} KERNEL_TYPE;

struct linux_binprm {
	struct file *executable; /* for an interpreter that asked for its descriptor */
	struct file *file;
	const char *filename;
	const char *interp;
} KERNEL_TYPE;

#endif
