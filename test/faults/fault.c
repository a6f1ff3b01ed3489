/*
 * Preloaded into every program of a run: counts the calls that change something below the folders of FAULT_PATHS
 * (separated by ":"), and at call number FAULT_AT either kills everything (FAULT_KIND=kill) or lets the call fail with an
 * errno (FAULT_KIND=28; FAULT_FOREVER=1: and every later one, too). FAULT_COUNTER names a file of 8 bytes that all share.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile long *counter;

static int below(const char *path)
{
	const char *all = getenv("FAULT_PATHS");
	while (all && *all) {
		size_t length = strcspn(all, ":");
		if (length && !strncmp(path, all, length) && (path[length] == '/' || !path[length])) return 1;
		all += length + (all[length] == ':');
	}
	return 0;
}

static int concerns(int folder, const char *path)
{
	char whole[2 * PATH_MAX], link[64];
	if (!path) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
		ssize_t n = readlink(link, whole, PATH_MAX);
		if (n <= 0) return 0;
		whole[n] = 0;
		return below(whole);
	}
	if (*path == '/') return below(path);
	if (folder == AT_FDCWD) strcpy(link, "/proc/self/cwd");
	else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
	ssize_t n = readlink(link, whole, PATH_MAX);
	if (n <= 0) return 0;
	snprintf(whole + n, PATH_MAX, "/%s", path);
	return below(whole);
}

/* 0: go on. Else errno is set and the call is to fail. */
static int strikes(int folder, const char *path)
{
	int before = errno;
	const char *file = getenv("FAULT_COUNTER"), *at = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");
	if (!file || !concerns(folder, path)) { errno = before; return 0; }
	if (!counter) {
		static int (*real_open)(const char *, int, ...);
		if (!real_open) real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
		int fd = real_open(file, O_RDWR);
		if (fd < 0) { errno = before; return 0; }
		counter = mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	long number = __sync_add_and_fetch(counter, 1), wanted = at ? atol(at) : 0;
	errno = before;
	if (!wanted || number < wanted || (number > wanted && !getenv("FAULT_FOREVER"))) return 0;
	if (kind && !strcmp(kind, "kill")) { kill(-1, SIGKILL); kill(getpid(), SIGKILL); pause(); }
	errno = kind ? atoi(kind) : EIO;
	return 1;
}

#define REAL(type, name, arguments) \
	static type (*real) arguments; \
	if (!real) real = (type (*) arguments)dlsym(RTLD_NEXT, #name)

int rename(const char *a, const char *b) { REAL(int, rename, (const char *, const char *)); return strikes(AT_FDCWD, b) ? -1 : real(a, b); }
int renameat(int f, const char *a, int g, const char *b) { REAL(int, renameat, (int, const char *, int, const char *)); return strikes(g, b) ? -1 : real(f, a, g, b); }
int renameat2(int f, const char *a, int g, const char *b, unsigned x) { REAL(int, renameat2, (int, const char *, int, const char *, unsigned)); return strikes(g, b) ? -1 : real(f, a, g, b, x); }
int link(const char *a, const char *b) { REAL(int, link, (const char *, const char *)); return strikes(AT_FDCWD, b) ? -1 : real(a, b); }
int linkat(int f, const char *a, int g, const char *b, int x) { REAL(int, linkat, (int, const char *, int, const char *, int)); return strikes(g, b) ? -1 : real(f, a, g, b, x); }
int symlink(const char *a, const char *b) { REAL(int, symlink, (const char *, const char *)); return strikes(AT_FDCWD, b) ? -1 : real(a, b); }
int symlinkat(const char *a, int g, const char *b) { REAL(int, symlinkat, (const char *, int, const char *)); return strikes(g, b) ? -1 : real(a, g, b); }
int unlink(const char *a) { REAL(int, unlink, (const char *)); return strikes(AT_FDCWD, a) ? -1 : real(a); }
int unlinkat(int f, const char *a, int x) { REAL(int, unlinkat, (int, const char *, int)); return strikes(f, a) ? -1 : real(f, a, x); }
int rmdir(const char *a) { REAL(int, rmdir, (const char *)); return strikes(AT_FDCWD, a) ? -1 : real(a); }
int mkdir(const char *a, mode_t m) { REAL(int, mkdir, (const char *, mode_t)); return strikes(AT_FDCWD, a) ? -1 : real(a, m); }
int mkdirat(int f, const char *a, mode_t m) { REAL(int, mkdirat, (int, const char *, mode_t)); return strikes(f, a) ? -1 : real(f, a, m); }
int mkstemp(char *a) { REAL(int, mkstemp, (char *)); return strikes(AT_FDCWD, a) ? -1 : real(a); }
int mkstemp64(char *a) { REAL(int, mkstemp64, (char *)); return strikes(AT_FDCWD, a) ? -1 : real(a); }
int fsync(int f) { REAL(int, fsync, (int)); return strikes(f, 0) ? -1 : real(f); }
int syncfs(int f) { REAL(int, syncfs, (int)); return strikes(f, 0) ? -1 : real(f); }
ssize_t write(int f, const void *b, size_t n) { REAL(ssize_t, write, (int, const void *, size_t)); return strikes(f, 0) ? -1 : real(f, b, n); }

#define CREATES(flags) ((flags) & (O_CREAT | O_TRUNC))
#define MODE(flags) mode_t mode = 0; if ((flags) & O_CREAT) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

int open(const char *a, int x, ...) { MODE(x) REAL(int, open, (const char *, int, ...)); return CREATES(x) && strikes(AT_FDCWD, a) ? -1 : real(a, x, mode); }
int open64(const char *a, int x, ...) { MODE(x) REAL(int, open64, (const char *, int, ...)); return CREATES(x) && strikes(AT_FDCWD, a) ? -1 : real(a, x, mode); }
int openat(int f, const char *a, int x, ...) { MODE(x) REAL(int, openat, (int, const char *, int, ...)); return CREATES(x) && strikes(f, a) ? -1 : real(f, a, x, mode); }
int openat64(int f, const char *a, int x, ...) { MODE(x) REAL(int, openat64, (int, const char *, int, ...)); return CREATES(x) && strikes(f, a) ? -1 : real(f, a, x, mode); }
