/* tree OUT LIMIT INTERVAL COMMAND...: runs a program and watches all that it starts. Writes to OUT, on one line: exit code
 * (128 + signal; 124 when it took longer than LIMIT seconds), seconds, processor seconds of the tree, processor seconds of the
 * whole machine, and the peak of the tree's memory in bytes: the sum of resident sets, looked at every INTERVAL ms, or the
 * largest single process where that is more (one that came and went between two looks). What outlives the program is killed
 * after the clock has stopped, so that it does not disturb what is measured next. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096 };
static struct { int pid, parent, ours; long pages; } list[MOST];

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Seconds that the machine's processors did anything at all: user, nice, system, irq, softirq of /proc/stat. */
static double machine_busy(void)
{
	unsigned long v[7] = { 0 };
	FILE *file = fopen("/proc/stat", "r");
	if (!file || fscanf(file, "cpu %lu %lu %lu %lu %lu %lu %lu", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6) != 7) exit(125);
	fclose(file);
	return (double)(v[0] + v[1] + v[2] + v[5] + v[6]) / sysconf(_SC_CLK_TCK);
}

static int read_process(const char *pid, int *parent, long *pages)
{
	char path[64], text[1024], *rest;
	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) return 0;
	ssize_t length = read(file, text, sizeof text - 1);
	close(file);
	if (length <= 0) return 0;
	text[length] = 0;
	/* The name stands in brackets and may hold anything, brackets too. */
	rest = strrchr(text, ')');
	return rest && sscanf(rest, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u %*u %ld", parent, pages) == 2;
}

/* Reads all processes, marks our descendants, sends them a signal if there is one, answers the sum of their pages. */
static long look(int send)
{
	int count = 0, self = getpid(), again = 1;
	long pages = 0;
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	if (!proc) exit(125);
	while (count < MOST && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) && read_process(entry->d_name, &list[count].parent, &list[count].pages)) {
			list[count].pid = atoi(entry->d_name);
			list[count++].ours = 0;
		}
	closedir(proc);
	while (again) {
		again = 0;
		for (int i = 0; i < count; i++) {
			if (list[i].ours) continue;
			int ours = list[i].parent == self;
			for (int j = 0; !ours && j < count; j++) ours = list[j].ours && list[j].pid == list[i].parent;
			if (ours) again = list[i].ours = 1;
		}
	}
	for (int i = 0; i < count; i++) {
		if (!list[i].ours) continue;
		pages += list[i].pages;
		if (send) kill(list[i].pid, send);
	}
	return pages;
}

int main(int argc, char **argv)
{
	if (argc < 5) return 125;
	double limit = atof(argv[2]), interval = atof(argv[3]) / 1e3, begin, end = 0, busy;
	int code = 125, status, late = 0;
	long page = sysconf(_SC_PAGESIZE), peak = 0;
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	busy = machine_busy();
	begin = now();
	pid_t started = fork();
	if (started < 0) return 125;
	if (started == 0) {
		sigprocmask(SIG_UNBLOCK, &child, NULL);
		setpgid(0, 0);
		execvp(argv[4], argv + 4);
		perror(argv[4]);
		_exit(127);
	}
	for (double next = begin + interval; !end;) {
		double wait = next - now();
		if (wait < 0) wait = 0;
		struct timespec pause = { (time_t)wait, (long)((wait - (time_t)wait) * 1e9) };
		sigtimedwait(&child, NULL, &pause);
		for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
			if (pid == started) {
				end = now();
				code = late ? 124 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
			}
		if (end || now() < next) continue;
		late = now() - begin > limit;
		long pages = look(late ? SIGKILL : 0);
		if (pages > peak) peak = pages;
		next = now() + interval;
	}
	busy = machine_busy() - busy;
	/* What hangs on a share cannot be killed; it is left after a while. */
	for (double give_up = now() + 10; now() < give_up && (look(SIGKILL) > 0 || waitpid(-1, NULL, WNOHANG) > 0);) usleep(1000);
	struct rusage use;
	getrusage(RUSAGE_CHILDREN, &use);
	double cpu = use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
	long bytes = peak * page;
	if (use.ru_maxrss * 1024 > bytes) bytes = use.ru_maxrss * 1024;
	FILE *out = fopen(argv[1], "w");
	if (!out) return 125;
	fprintf(out, "%d %.3f %.3f %.3f %ld\n", code, end - begin, cpu, busy, bytes);
	return fclose(out) ? 125 : 0;
}
